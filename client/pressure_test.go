package client_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/client"
)

func TestSlowProgram(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{EventQueueBytes: 10_000})
		p := s.welcome("a")
		events := make(chan client.Event)
		ch := s.roomWith(c, p, client.JoinOptions{Events: events}, "ann", "bob")
		const sent = 1000
		for range sent {
			p.say(`{"type":"m","channel":"r","from":"bob","payload":%q,"ts":1}`, strings.Repeat("x", 100))
		}
		p.say(`{"type":"presence:join","payload":{"channel":"r","memberId":"cy"},"ts":1}`)
		p.say(`{"type":"presence:join","payload":{"channel":"r","memberId":"dan"},"ts":1}`)
		p.say(`{"type":"presence:leave","payload":{"channel":"r","memberId":"dan"},"ts":1}`)
		p.say(`{"type":"presence:leave","payload":{"channel":"r","memberId":"bob"},"ts":1}`)
		synctest.Wait()
		require.Equal(t, []string{"ann", "cy"}, ch.Members(), "reading goes on")
		require.NoError(t, p.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)))

		require.Equal(t, client.Presence{Channel: "r", Joined: []string{"ann", "bob"}, Initial: true}, <-events)
		got := 0
		e := <-events
		for ; ; e = <-events {
			if _, ok := e.(client.Message); !ok {
				break
			}
			got++
		}
		require.Less(t, got, 50)
		require.Equal(t, client.Gap{Channel: "r", Cause: client.GapSlow, Lost: sent - got}, e)
		require.EqualValues(t, sent-got, c.Stats().Dropped)
		require.Equal(t, client.Presence{Channel: "r", Joined: []string{"cy"}, Left: []string{"bob"}}, <-events)
		p.message("1", "and on it goes")
		require.IsType(t, client.Message{}, <-events)
		p.message("2", "nobody takes this one")
	})
}

func TestGarbageIsSkipped(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		p := s.welcome("a")
		ch, r := s.room(c, p, "ann")
		for _, garbage := range []string{
			`{`, `[]`, `7`, `"x"`, `{"type":7}`, `{"type":"reply","id":1,"payload":7}`, `{"type":"presence:join","payload":"x"}`,
			`{"type":"typing","payload":{"channel":"r","memberId":"ann","typing":7}}`, `{"type":"presence:join"}`,
			`{"type":"reconnect","payload":{"afterMs":"soon"}}`,
		} {
			p.say("%s", garbage)
		}
		bad := 10
		require.NoError(t, p.ws.WriteMessage(websocket.BinaryMessage, []byte("x")))
		for _, strange := range []string{
			`{"type":"future","payload":{},"ts":1}`, `{"type":"reply","id":99,"payload":{},"ts":1}`, `{}`, `null`,
			`{"type":"presence:join","payload":{"channel":"elsewhere","memberId":"eve"},"ts":1}`,
			`{"type":"presence:leave","payload":{"channel":"r","memberId":"nobody"},"ts":1}`,
			`{"type":"pong","payload":[1],"ts":1}`, `{"type":"error","id":"mine","payload":{"code":"new_code","message":"?"},"ts":1}`,
			`{"type":"m","channel":"elsewhere","payload":1,"ts":1}`,
		} {
			p.say("%s", strange)
		}
		p.message("1", "all is well")
		synctest.Wait()
		require.Len(t, of[client.Message](r), 1)
		require.Equal(t, []string{"ann"}, ch.Members())
		require.EqualValues(t, bad+1, c.Stats().BadFrames)
		require.EqualValues(t, 0, c.Stats().Breaks)
	})
}

func TestPublishQueueIsBounded(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{PublishQueueBytes: 4000})
		p := s.welcome("a")
		ch, _ := s.room(c, p)
		p.cut()
		synctest.Wait()
		n := 0
		var err error
		for ; err == nil && n < 100; n++ {
			_, err = ch.PublishAsync("m", n, client.PublishOptions{})
		}
		require.ErrorIs(t, err, client.ErrQueueFull)
		require.Greater(t, n, 5)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		require.ErrorIs(t, c.Flush(ctx), context.DeadlineExceeded)
		p = s.welcome("b")
		p.joined()
		for range n - 1 {
			p.reply(p.expect("publish"), `{"mid":"x"}`)
		}
		require.NoError(t, c.Flush(t.Context()))
		receipt, err := ch.PublishAsync("m", strings.Repeat("x", 1<<16), client.PublishOptions{})
		require.NoError(t, err)
		_, err = receipt.Wait(t.Context())
		require.ErrorIs(t, err, client.ErrTooLarge)
	})
}

func TestPublishThatIsNotWaitedFor(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		p := s.welcome("a")
		ch, _ := s.room(c, p)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := ch.Publish(ctx, "m", 1, client.PublishOptions{})
		require.ErrorIs(t, err, client.ErrUnknownOutcome)
		p.expect("publish")
		p.cut()
		synctest.Wait()
		ctx, cancel = context.WithTimeout(t.Context(), 0)
		defer cancel()
		_, err = ch.Publish(ctx, "m", 2, client.PublishOptions{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, client.ErrUnknownOutcome)
		p = s.welcome("b")
		p.joined()
		p.quiet()
		require.NoError(t, c.Flush(t.Context()))
	})
}

func TestJoinIsPacedAndMayEnd(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		p := s.welcome("a")
		ch, r := s.room(c, p)
		p.cut()
		p = s.welcome("b")
		const limited = `{"type":"error","id":%s,"payload":{"code":"rate_limited","message":"later","retryAfterMs":3000},"ts":1}`
		p.say(limited, p.expect("join").ID)
		begin := time.Now()
		_, err := ch.PublishAsync("m", 1, client.PublishOptions{})
		require.NoError(t, err)
		again := p.expect("join")
		require.Equal(t, 3*time.Second, time.Since(begin))
		p.reply(again, `{"channel":"r","newlyPresent":false,"partial":true}`)
		p.reply(p.expect("publish"), `{"mid":"1"}`)
		synctest.Wait()
		require.Equal(t, []client.Gap{
			{Channel: "r", Cause: client.GapReconnect}, {Channel: "r", Cause: client.GapPartial},
		}, of[client.Gap](r))
		p.cut()
		p = s.welcome("c")
		p.say(`{"type":"error","id":%s,"payload":{"code":"forbidden","message":"no more"},"ts":1}`, p.expect("join").ID)
		synctest.Wait()
		ended := of[client.Ended](r)
		require.Len(t, ended, 1)
		var refused *client.Error
		require.ErrorAs(t, ended[0].Err, &refused)
		require.Equal(t, client.CodeForbidden, refused.Code)
		_, err = ch.PublishAsync("m", 1, client.PublishOptions{})
		require.ErrorIs(t, err, refused)
	})
}

func TestJoinIsGivenUp(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		p := s.welcome("a")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Join(ctx, "r", client.JoinOptions{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		p.expect("join")
		p.expect("leave")
		s.room(c, p)
	})
}

func TestTypingIsRepeatedAndStops(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		p := s.welcome("a")
		ch, _ := s.room(c, p)
		begin := time.Now()
		require.NoError(t, ch.StartTyping())
		require.NoError(t, ch.StartTyping())
		var said []bool
		var at []time.Duration
		for range 4 {
			said, at = append(said, *p.expect("typing").Payload.Typing), append(at, time.Since(begin))
		}
		require.Equal(t, []bool{true, true, true, false}, said)
		require.Equal(t, []time.Duration{0, 2 * time.Second, 4 * time.Second, 5 * time.Second}, at)
		time.Sleep(10 * time.Second)
		p.quiet()

		require.NoError(t, ch.StartTyping())
		require.True(t, *p.expect("typing").Payload.Typing)
		p.say(askToMove)
		next := s.welcome("b")
		next.joined()
		require.True(t, *next.expect("typing").Payload.Typing)
		require.NoError(t, ch.StopTyping())
		require.False(t, *next.expect("typing").Payload.Typing)
		require.False(t, *p.expect("typing").Payload.Typing)
	})
}

func TestQuestionsSurviveABreak(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		got := make(chan client.Snapshot, 1)
		go func() {
			who, err := c.Presence(context.Background(), "r")
			if err == nil {
				got <- who
			}
		}()
		p := s.welcome("a")
		p.expect("presence")
		p.cut()
		p = s.welcome("b")
		p.reply(p.expect("presence"), `{"channel":"r","members":["ann"],"memberCount":5,"typing":["ann"],"truncated":true}`)
		require.Equal(t, client.Snapshot{Members: []string{"ann"}, Typing: []string{"ann"}, Count: 5, Truncated: true}, <-got)
		require.NoError(t, c.Close())
		_, err := c.Ping(context.Background())
		require.ErrorIs(t, err, client.ErrClosed)
	})
}

func TestOptionsAreChecked(t *testing.T) {
	for wrong, opts := range map[string]client.Options{
		"at most one is right":  {Member: "ann", Token: "t"},
		"control character":     {Member: "a\nb"},
		"DialTimeout is neg":    {DialTimeout: -1},
		"Session has 201 bytes": {Session: strings.Repeat("s", 201)},
	} {
		_, err := client.New("ws://x", opts)
		require.ErrorContains(t, err, wrong)
	}
	for wrong, url := range map[string]string{
		"not a URL": "ws://%zz?token=secret", "ws, wss, http or https": "ftp://x", "no host": "ws:///ws", "a user": "ws://u:secret@x",
	} {
		_, err := client.New(url, client.Options{})
		require.ErrorContains(t, err, wrong)
		require.NotContains(t, err.Error(), "secret")
	}
}
