package client_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/client"
	"github.com/starling-realtime/starling/gateway"
)

// However much is published, a gateway that begins to refuse has to refuse no more than it takes for accidents.
func TestNotAllThatWaitsIsOnItsWay(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		p := s.welcome("a")
		ch, _ := s.room(c, p)
		for i := range 600 {
			publishAsync(t, ch, i, client.PublishOptions{})
		}
		sent := make([]request, 256)
		for i := range sent {
			sent[i] = p.expect("publish")
		}
		p.quiet()
		for _, r := range sent[:3] {
			p.reply(r, `{"mid":"x"}`)
		}
		for range 3 {
			p.expect("publish")
		}
		p.quiet()
	})
}

func TestABurstOverARateEndsNoClient(t *testing.T) {
	s := serve(t, func(cfg *gateway.Config, _ *gateway.Options) {
		cfg.Limits.MessagesPerConnection = gateway.Rate{PerSecond: 100, Burst: 5}
		cfg.Limits.HastyRequests = 300 // fewer than would be refused if all of them were on their way
	})
	ann := connect(t, s.url(), client.Options{Member: "ann"})
	room, _ := join(t, ann, "r", client.PresenceNone)
	for i := range 3000 {
		publishAsync(t, room, i, client.PublishOptions{})
	}
	eventually(t, func() bool { return ann.Stats().PutOff >= 20 || ann.Err() != nil }, "the client waits as told")
	require.NoError(t, ann.Err())
	require.EqualValues(t, 1, ann.Stats().Connects)
}

// Gateways forget a publish's key after two minutes: sent again later, everybody would see it twice.
func TestALostPublishIsNotSentAgainMinutesLater(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		p := s.welcome("a")
		ch, _ := s.room(c, p)
		receipt := publishAsync(t, ch, 1, client.PublishOptions{})
		p.expect("publish")
		begin := time.Now()
		away := refusal{status: http.StatusServiceUnavailable, retryAfter: "60"}
		s.refuse(away, away, away)
		p.cut()
		p = s.welcome("b")
		p.joined()
		require.Greater(t, time.Since(begin), 2*time.Minute)
		_, err := receipt.Wait(t.Context())
		require.ErrorIs(t, err, client.ErrUnknownOutcome)
		p.quiet()
		require.NoError(t, c.Flush(t.Context()))
	})
}

// Nor is one that nobody waits for any more.
func TestALostPublishIsNotSentAgainAfterItsContext(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		p := s.welcome("a")
		ch, _ := s.room(c, p)
		s.refuse(refusal{status: http.StatusServiceUnavailable, retryAfter: "30"})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		failed := make(chan error, 1)
		go func() {
			_, err := ch.Publish(ctx, "m", 1, client.PublishOptions{})
			failed <- err
		}()
		p.expect("publish")
		synctest.Wait()
		p.cut()
		require.ErrorIs(t, <-failed, client.ErrUnknownOutcome)
		p = s.welcome("b")
		p.joined()
		p.quiet()
		require.NoError(t, c.Flush(t.Context()))
	})
}
