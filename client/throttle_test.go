package client_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/client"
	"github.com/starling-realtime/starling/gateway"
)

// afterPause is longer than the pauses of these tests, and shorter than the silence after which the client gives a gateway up.
const afterPause = 15 * time.Second

// putOff refuses a publish for now.
func (p *peer) putOff(r request, ms int) {
	p.t.Helper()
	p.say(`{"type":"error","id":%s,"payload":{"code":"rate_limited","message":"too fast","channel":"r","request":"publish","retryAfterMs":%d},"ts":1}`,
		r.ID, ms)
}

func (p *peer) accept(want string) request {
	p.t.Helper()
	r := p.expect("publish")
	require.Equal(p.t, want, string(r.Payload.Payload))
	p.reply(r, `{"mid":"m`+want+`"}`)
	return r
}

func publishAsync(t *testing.T, ch *client.Channel, payload any, opts client.PublishOptions) *client.Receipt {
	t.Helper()
	r, err := ch.PublishAsync("m", payload, opts)
	require.NoError(t, err)
	return r
}

func TestPublishesThatAreTooFastAreSentAgain(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		p := s.welcome("a")
		ch, _ := s.room(c, p)
		receipts := make([]*client.Receipt, 0, 7)
		for i := range 5 {
			receipts = append(receipts, publishAsync(t, ch, i, client.PublishOptions{Once: i == 2}))
		}
		sent := make([]request, 0, 5)
		for range 5 {
			sent = append(sent, p.expect("publish"))
		}
		p.reply(sent[1], `{"mid":"m1"}`)
		p.putOff(sent[0], 3000)
		p.putOff(sent[2], 2000) // the longer time counts
		p.putOff(sent[3], 3000)
		p.reply(sent[4], `{"mid":"m4"}`)
		begin := time.Now()
		synctest.Wait()
		receipts = append(receipts, publishAsync(t, ch, 5, client.PublishOptions{}), publishAsync(t, ch, 6, client.PublishOptions{}))
		p.quiet()

		// One at a time, in order, with the keys that they had.
		for _, i := range []int{0, 2, 3} {
			again := p.expect("publish")
			require.Equal(t, 3*time.Second, time.Since(begin))
			require.Equal(t, sent[i].Payload, again.Payload)
			p.quiet()
			p.reply(again, `{"mid":"m`+string(again.Payload.Payload)+`"}`)
		}
		p.accept("5")
		p.accept("6")
		require.NoError(t, c.Flush(t.Context()))
		for i, r := range receipts {
			mid, err := r.Wait(t.Context())
			require.NoError(t, err)
			require.Equal(t, "m"+string(rune('0'+i)), mid)
		}
		require.Equal(t, client.Stats{Connects: 1, PutOff: 3}, c.Stats())
	})
}

func TestPausedChannelsTakeTurnsByAge(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		p := s.welcome("a")
		r, _ := s.room(c, p)
		joined := make(chan *client.Channel)
		go func() {
			other, err := c.Join(context.Background(), "other", client.JoinOptions{})
			if err == nil {
				joined <- other
			}
		}()
		p.joined()
		other := <-joined
		publishAsync(t, r, 0, client.PublishOptions{})
		p.putOff(p.expect("publish"), 1000)
		synctest.Wait()
		for i, ch := range []*client.Channel{other, r, other, r} {
			publishAsync(t, ch, i+1, client.PublishOptions{})
		}
		p.quiet()
		for _, want := range []string{"0", "1", "2", "3", "4"} {
			p.accept(want)
		}
	})
}

func TestMoreAreOnTheirWayAsTheyAreAccepted(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		p := s.welcome("a")
		ch, _ := s.room(c, p)
		for i := range 30 {
			publishAsync(t, ch, i, client.PublishOptions{})
		}
		first := p.expect("publish")
		for range 29 {
			p.reply(p.expect("publish"), `{"mid":"x"}`)
		}
		p.putOff(first, 1)
		synctest.Wait()
		for i := range 30 {
			publishAsync(t, ch, i, client.PublishOptions{})
		}
		most := 0
		for left := 31; left > 0; {
			synctest.Wait()
			time.Sleep(time.Millisecond)
			n := len(p.in)
			most = max(most, n)
			for range n {
				p.reply(p.expect("publish"), `{"mid":"x"}`)
			}
			left -= n
		}
		require.Equal(t, 3, most, "one more for ten that were accepted")
	})
}

func TestPublishThatIsPutOffEndsWithItsContext(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		p := s.welcome("a")
		ch, _ := s.room(c, p)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		failed := make(chan error, 1)
		go func() {
			_, err := ch.Publish(ctx, "m", 1, client.PublishOptions{})
			failed <- err
		}()
		p.putOff(p.expect("publish"), 10_000)
		err := <-failed
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, client.ErrUnknownOutcome, "it has not happened")
		var refused *client.Error
		require.ErrorAs(t, err, &refused)
		require.Equal(t, 10*time.Second, refused.RetryAfter)
		require.NoError(t, c.Flush(t.Context()))
		time.Sleep(afterPause)
		p.quiet()

		// One whose context ends while it is on its way is not sent again when it turns out that it was put off.
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = ch.Publish(ctx, "m", 2, client.PublishOptions{})
		require.ErrorIs(t, err, client.ErrUnknownOutcome)
		p.putOff(p.expect("publish"), 10)
		require.NoError(t, c.Flush(t.Context()))
		time.Sleep(afterPause)
		p.quiet()
	})
}

func TestPublishIsNotPutOffForEver(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{PublishQueueBytes: 1000})
		p := s.welcome("a")
		ch, _ := s.room(c, p)
		begin := time.Now()
		receipt := publishAsync(t, ch, 1, client.PublishOptions{})
		p.putOff(p.expect("publish"), 20_000)
		synctest.Wait()
		_, err := ch.PublishAsync("m", strings.Repeat("x", 1000), client.PublishOptions{})
		require.ErrorIs(t, err, client.ErrQueueFull, "what is put off counts for the bound")
		for range 4 {
			p.putOff(p.expect("publish"), 20_000)
		}
		_, err = receipt.Wait(t.Context())
		var refused *client.Error
		require.ErrorAs(t, err, &refused)
		require.Equal(t, client.CodeRateLimited, refused.Code)
		require.NotErrorIs(t, err, client.ErrUnknownOutcome)
		require.Equal(t, 80*time.Second, time.Since(begin))
	})
}

func TestLeavingEndsWhatIsPutOff(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		p := s.welcome("a")
		ch, _ := s.room(c, p)
		receipt := publishAsync(t, ch, 1, client.PublishOptions{})
		p.putOff(p.expect("publish"), 1000)
		synctest.Wait()
		go func() { p.reply(p.expect("leave"), `{"channel":"r","nowAbsent":true}`) }()
		require.NoError(t, ch.Leave(t.Context()))
		_, err := receipt.Wait(t.Context())
		require.ErrorIs(t, err, client.ErrLeft)
		require.NotErrorIs(t, err, client.ErrUnknownOutcome)
		time.Sleep(afterPause)
		p.quiet()
	})
}

func TestPublishThatIsPutOffSurvivesABreakAndAMove(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		p := s.welcome("a")
		ch, _ := s.room(c, p)
		lost := publishAsync(t, ch, 1, client.PublishOptions{})
		key := p.expect("publish").Payload.Key
		p.cut()
		p = s.welcome("b")
		p.joined()
		again := p.expect("publish")
		require.Equal(t, key, again.Payload.Key)
		p.putOff(again, 2000) // it may have happened on the first connection all the same
		synctest.Wait()
		p.say(askToMove)
		next := s.welcome("c")
		next.joined()
		last := next.accept("1")
		require.Equal(t, key, last.Payload.Key)
		_, err := lost.Wait(t.Context())
		require.NoError(t, err)
		p.quiet()
	})
}

func TestGatewayWithLowRates(t *testing.T) {
	s := serve(t, func(cfg *gateway.Config, _ *gateway.Options) {
		cfg.Limits.MessagesPerConnection = gateway.Rate{PerSecond: 40, Burst: 5}
		// Fewer than would be refused if all that wait were sent again after each refusal.
		cfg.Limits.HastyRequests = 100
	})
	ann, bob := connect(t, s.url(), client.Options{Member: "ann"}), connect(t, s.url(), client.Options{Member: "bob"})
	room, _ := join(t, ann, "r", client.PresenceNone)
	_, sees := join(t, bob, "r", client.PresenceNone)
	want := make([]string, 0, 60)
	for i := range 60 {
		publishAsync(t, room, i, client.PublishOptions{})
		want = append(want, strconv.Itoa(i))
	}
	require.NoError(t, ann.Flush(within(t)))
	eventually(t, func() bool { return len(of[client.Message](sees)) == len(want) }, "all arrive")
	got := make([]string, 0, len(want))
	for _, m := range of[client.Message](sees) {
		got = append(got, string(m.Payload))
	}
	require.ElementsMatch(t, want, got, "once each")
	st := ann.Stats()
	require.Positive(t, st.PutOff)
	require.Zero(t, st.Breaks)
}
