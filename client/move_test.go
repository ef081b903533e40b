package client_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/client"
)

const askToMove = `{"type":"reconnect","payload":{"reason":"drain","afterMs":1000,"overlapMs":2000},"ts":1}`

func TestMove(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		var states []client.State
		c := s.client(client.Options{OnStatus: func(st client.Status) { states = append(states, st.State) }})
		old := s.welcome("a")
		ch, r := s.room(c, old, "ann", "bob")
		publish := func(n int) {
			_, err := ch.PublishAsync("m", n, client.PublishOptions{})
			require.NoError(t, err)
		}
		old.say(askToMove)
		begin := time.Now()
		publish(1)
		first := old.expect("publish")

		next := s.welcome("b")
		require.Equal(t, time.Second, time.Since(begin))
		require.Equal(t, s.request(0).URL.Query().Get("session"), s.request(1).URL.Query().Get("session"))
		publish(2) // over the old connection, as long as the new one is not joined
		second := old.expect("publish")
		join := next.expect("join")
		next.snapshot("r", "ann", "bob")
		next.message("m1", "early")
		old.message("m1", "early")
		old.message("m2", "late")
		next.message("m2", "late")
		next.reply(join, `{"channel":"r","newlyPresent":false}`)
		synctest.Wait()
		joined := time.Now()

		publish(3) // held until the old connection has answered what came before
		next.quiet()
		time.Sleep(500 * time.Millisecond)
		old.reply(first, `{"mid":"1"}`)
		next.quiet()
		old.reply(second, `{"mid":"2"}`)
		third := next.expect("publish")
		require.Equal(t, "3", string(third.Payload.Payload))
		next.reply(third, `{"mid":"3"}`)

		<-old.gone
		require.Equal(t, 2*time.Second, time.Since(joined))
		require.Equal(t, 1000, old.code)
		old.quiet() // no leave
		require.NoError(t, c.Flush(t.Context()))
		require.Equal(t, "b", c.Gateway())
		synctest.Wait()
		require.Len(t, of[client.Message](r), 2)
		require.Len(t, of[client.Presence](r), 1)
		require.Empty(t, of[client.Gap](r))
		st := c.Stats()
		require.Equal(t, client.Stats{Connects: 2, Moves: 1, Duplicates: 2}, st)
		require.Equal(t, []client.State{
			client.StateConnecting, client.StateConnected, client.StateMoving, client.StateConnecting, client.StateConnected,
		}, states)
	})
}

func TestOldConnectionEndsDuringTheMove(t *testing.T) {
	for when, gaps := range map[string]int{"before the new one is opened": 1, "before the join is confirmed": 1, "in the overlap": 1} {
		t.Run(when, func(t *testing.T) {
			play(t, func(t *testing.T, s *script) {
				c := s.client(client.Options{})
				old := s.welcome("a")
				ch, r := s.room(c, old, "ann", "bob")
				_, err := ch.PublishAsync("m", 1, client.PublishOptions{})
				require.NoError(t, err)
				key := old.expect("publish").Payload.Key
				old.say(askToMove)
				synctest.Wait()
				if when == "before the new one is opened" {
					old.close(1012)
				}
				next := s.welcome("b")
				if when == "before the join is confirmed" {
					old.cut()
				}
				next.joined("ann", "bob")
				synctest.Wait()
				if when == "in the overlap" {
					old.close(1012)
				}
				again := next.expect("publish")
				require.Equal(t, key, again.Payload.Key)
				next.reply(again, `{"mid":"1"}`)
				require.NoError(t, c.Flush(t.Context()))
				synctest.Wait()
				require.Len(t, of[client.Gap](r), gaps)
				require.Len(t, of[client.Presence](r), 1)
			})
		})
	}
}

func TestNewConnectionEndsDuringTheMove(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		old := s.welcome("a")
		ch, r := s.room(c, old, "ann")
		old.say(askToMove)
		next := s.welcome("b")
		next.joined("ann")
		synctest.Wait()
		next.cut() // the old one is all there is again
		_, err := ch.PublishAsync("m", 1, client.PublishOptions{})
		require.NoError(t, err)
		synctest.Wait()
		old.reply(old.expect("publish"), `{"mid":"1"}`)
		third := s.welcome("c")
		third.joined("ann")
		begin := time.Now()
		<-old.gone
		require.Equal(t, 2*time.Second, time.Since(begin))
		require.Equal(t, 1000, old.code)
		require.Len(t, of[client.Presence](r), 1)
	})
}

func TestMoveThatIsRefusedGoesOnTrying(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		old := s.welcome("a")
		_, r := s.room(c, old, "ann")
		s.refuse(refusal{503, "1"}, refusal{503, "1"})
		old.say(askToMove)
		next := s.welcome("b")
		old.message("m1", "still here")
		next.joined("ann")
		<-old.gone
		require.Len(t, of[client.Message](r), 1)
		require.Empty(t, of[client.Gap](r))
	})
}

// While two gateways' views differ a little, observers see each change once, and nobody goes and comes back.
func TestPresenceInAMove(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		old := s.welcome("a")
		ch, r := s.room(c, old, "ann", "bob")
		old.say(askToMove)
		next := s.welcome("b")
		old.say(`{"type":"presence:join","payload":{"channel":"r","memberId":"cy"},"ts":1}`)
		synctest.Wait()
		next.joined("ann", "bob") // which has not heard of cy yet
		synctest.Wait()
		next.say(`{"type":"presence:join","payload":{"channel":"r","memberId":"cy"},"ts":1}`)
		next.say(`{"type":"presence:leave","payload":{"channel":"r","memberId":"bob"},"ts":1}`)
		old.say(`{"type":"presence:leave","payload":{"channel":"r","memberId":"bob"},"ts":1}`)
		time.Sleep(1990 * time.Millisecond)
		old.say(`{"type":"presence:join","payload":{"channel":"r","memberId":"dan"},"ts":1}`)
		old.say(`{"type":"presence:join","payload":{"channel":"r","memberId":"eve"},"ts":1}`)
		<-old.gone
		next.say(`{"type":"presence:join","payload":{"channel":"r","memberId":"dan"},"ts":1}`)
		synctest.Wait()
		require.Equal(t, []string{"ann", "cy", "dan", "eve"}, ch.Members())
		time.Sleep(2 * time.Second) // and of eve the new gateway has never heard
		require.Equal(t, []string{"ann", "cy", "dan"}, ch.Members())
		require.Equal(t, []client.Presence{
			{Channel: "r", Joined: []string{"ann", "bob"}, Initial: true},
			{Channel: "r", Joined: []string{"cy"}},
			{Channel: "r", Left: []string{"bob"}},
			{Channel: "r", Joined: []string{"dan"}},
			{Channel: "r", Joined: []string{"eve"}},
			{Channel: "r", Left: []string{"eve"}},
		}, of[client.Presence](r))
	})
}

func TestPresenceDifferenceAfterAReconnect(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		p := s.welcome("a")
		ch, r := s.room(c, p, "ann", "bob", "cy")
		p.say(`{"type":"typing","payload":{"channel":"r","memberId":"bob","typing":true},"ts":1}`)
		p.say(`{"type":"typing","payload":{"channel":"r","memberId":"ann","typing":true},"ts":1}`)
		synctest.Wait()
		p.cut()
		synctest.Wait()
		require.Equal(t, []string{"ann", "bob", "cy"}, ch.Members(), "who was there last")
		p = s.welcome("b")
		p.joined("ann", "cy", "dan", "eve")
		synctest.Wait()
		require.Equal(t, []string{"ann", "cy", "dan", "eve"}, r.present())
		require.Equal(t, client.Presence{Channel: "r", Joined: []string{"dan", "eve"}, Left: []string{"bob"}}, of[client.Presence](r)[1])
		require.Len(t, of[client.Presence](r), 2)
		require.Equal(t, []client.Typing{
			{Channel: "r", Started: []string{"bob"}}, {Channel: "r", Started: []string{"ann"}}, {Channel: "r", Stopped: []string{"ann"}},
		}, of[client.Typing](r))
	})
}

func TestMidsAreRememberedWithinABound(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		p := s.welcome("a")
		_, r := s.room(c, p)
		for i := range 3000 {
			p.message(strconv.Itoa(i), "x")
		}
		for i := range 1000 {
			p.message(strconv.Itoa(2000+i), "again")
		}
		p.message("0", "so old that it is forgotten")
		synctest.Wait()
		require.EqualValues(t, 1000, c.Stats().Duplicates)
		require.Len(t, of[client.Message](r), 3001)
	})
}
