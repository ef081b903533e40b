package client_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/client"
)

// However far it had come, a client whose connection breaks is back in its channel, and what it publishes happens once.
func TestConnectionBreaksAtAnyMoment(t *testing.T) {
	stages := map[string]func(s *script) *peer{
		"before the welcome": func(s *script) *peer { return s.accept() },
		"after the welcome":  func(s *script) *peer { return s.welcome("a") },
		"after the join":     func(s *script) *peer { p := s.welcome("a"); p.expect("join"); return p },
		"after the snapshot": func(s *script) *peer {
			p := s.welcome("a")
			p.expect("join")
			p.snapshot("r", "ann", "bob")
			return p
		},
		"after the reply": func(s *script) *peer { p := s.welcome("a"); p.joined("ann", "bob"); return p },
		"after a publish": func(s *script) *peer {
			p := s.welcome("a")
			p.joined("ann", "bob")
			p.expect("publish")
			return p
		},
	}
	ends := map[string]func(p *peer){
		"cut": (*peer).cut, "restart": func(p *peer) { p.close(1012) }, "slow": func(p *peer) { p.close(4008) },
	}
	for stage, reach := range stages {
		for end, stop := range ends {
			t.Run(stage+", "+end, func(t *testing.T) {
				play(t, func(t *testing.T, s *script) {
					c := s.client(client.Options{})
					r := &record{}
					published := make(chan error, 1)
					go func() {
						ch, err := c.Join(context.Background(), "r", client.JoinOptions{OnEvent: r.add})
						if err == nil {
							_, err = ch.Publish(context.Background(), "m", 1, client.PublishOptions{})
						}
						published <- err
					}()
					stop(reach(s))
					p := s.welcome("b")
					p.joined("ann", "bob")
					p.reply(p.expect("publish"), `{"mid":"1"}`)
					require.NoError(t, <-published)
					p.quiet()
					presence := of[client.Presence](r)
					require.Equal(t, []client.Presence{{Channel: "r", Joined: []string{"ann", "bob"}, Initial: true}}, presence)
				})
			})
		}
	}
}

func TestLostAnswersAreAskedForAgainInOrder(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		p := s.welcome("a")
		ch, r := s.room(c, p)
		var receipts []*client.Receipt
		for i := range 5 {
			receipt, err := ch.PublishAsync("m", i, client.PublishOptions{Once: i == 3})
			require.NoError(t, err)
			receipts = append(receipts, receipt)
		}
		keys := map[string]string{}
		for i := range 5 {
			q := p.expect("publish")
			keys[string(q.Payload.Payload)] = q.Payload.Key
			if i == 0 {
				p.reply(q, `{"mid":"first"}`)
			}
		}
		synctest.Wait()
		p.cut()
		synctest.Wait()
		late, err := ch.PublishAsync("m", 5, client.PublishOptions{})
		require.NoError(t, err)
		p = s.welcome("b")
		p.joined()
		for _, want := range []string{"1", "2", "4"} {
			q := p.expect("publish")
			require.Equal(t, want, string(q.Payload.Payload))
			require.Equal(t, keys[want], q.Payload.Key)
			require.NotEmpty(t, q.Payload.Key)
			p.reply(q, `{"mid":"`+want+`"}`)
		}
		require.Equal(t, "5", string(p.expect("publish").Payload.Payload))
		mid, err := receipts[0].Wait(t.Context())
		require.NoError(t, err)
		require.Equal(t, "first", mid)
		_, err = receipts[3].Wait(t.Context())
		require.ErrorIs(t, err, client.ErrUnknownOutcome)
		mid, err = receipts[4].Wait(t.Context())
		require.NoError(t, err)
		require.Equal(t, "4", mid)
		require.EqualValues(t, 3, c.Stats().Retries)
		synctest.Wait()
		require.Equal(t, []client.Gap{{Channel: "r", Cause: client.GapReconnect}}, of[client.Gap](r))
		require.NoError(t, c.Close())
		_, err = late.Wait(context.Background())
		require.ErrorIs(t, err, client.ErrClosed)
		require.ErrorIs(t, err, client.ErrUnknownOutcome)
	})
}

func TestRetryAfterIsHeeded(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		s.refuse(refusal{503, "7"}, refusal{429, ""}, refusal{502, "0"})
		begin := time.Now()
		c := s.client(client.Options{})
		p := s.welcome("a")
		at := s.times()
		require.Equal(t, begin, at[0])
		require.GreaterOrEqual(t, at[1].Sub(at[0]), 7*time.Second)
		require.LessOrEqual(t, at[1].Sub(at[0]), 8*time.Second)
		require.LessOrEqual(t, at[2].Sub(at[1]), 2*time.Second)
		require.LessOrEqual(t, at[3].Sub(at[2]), 4*time.Second)
		require.NoError(t, c.AwaitConnected(t.Context()))

		p.say(`{"type":"error","payload":{"code":"unavailable","message":"full","retryAfterMs":5000},"ts":1}`)
		gone := time.Now()
		p.close(1013)
		s.welcome("b")
		require.GreaterOrEqual(t, time.Since(gone), 5*time.Second)
		require.LessOrEqual(t, time.Since(gone), 13*time.Second)
	})
}

func TestSilentGatewayIsGivenUp(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		p := s.welcome("a")
		require.NoError(t, c.AwaitConnected(t.Context()))
		begin := time.Now()
		for range 10 {
			time.Sleep(15 * time.Second)
			require.NoError(t, p.ws.WriteControl(9, []byte("x"), time.Now().Add(time.Minute)))
		}
		require.EqualValues(t, 1, c.Stats().Connects, "pings are a sign of life")
		s.welcome("b")
		require.InDelta(t, 180, time.Since(begin).Seconds(), 1.1)
	})
}

func TestGatewayThatAnswersNothingIsGivenUp(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		c := s.client(client.Options{})
		p := s.welcome("a")
		ch, _ := s.room(c, p)
		_, err := ch.PublishAsync("m", 1, client.PublishOptions{})
		require.NoError(t, err)
		for range 3 {
			time.Sleep(15 * time.Second)
			_ = p.ws.WriteControl(9, nil, time.Now().Add(time.Minute))
		}
		p = s.welcome("b")
		p.joined()
		p.expect("publish")
	})
}

func TestTokens(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		asked := 0
		c := s.client(client.Options{TokenFunc: func(context.Context) (string, error) {
			asked++
			if asked == 2 {
				return "", errors.New("issuer is down")
			}
			return "token-" + string(rune('0'+asked)), nil
		}})
		p := s.welcome("a")
		require.Equal(t, "Bearer token-1", s.request(0).Header.Get("Authorization"))
		time.Sleep(10 * time.Second)
		p.cut()
		p = s.welcome("b")
		require.Equal(t, "Bearer token-1", s.request(1).Header.Get("Authorization"), "it is good until refused")
		time.Sleep(10 * time.Second)
		p.close(4001) // asks, fails, waits, asks again
		p = s.welcome("c")
		require.Equal(t, "Bearer token-3", s.request(2).Header.Get("Authorization"))
		time.Sleep(10 * time.Second)

		s.refuse(refusal{401, ""}, refusal{401, ""}, refusal{401, ""})
		p.cut()
		p = s.welcome("d")
		at := s.times()
		require.Equal(t, at[3], at[4], "an expired token is replaced at once")
		require.Equal(t, "Bearer token-6", s.request(6).Header.Get("Authorization"))
		p.close(4001)
		s.welcome("e")
		require.NoError(t, c.Err())
		require.Less(t, len(s.times()), 10, "no hot loop")
	})
}

func TestWhatCannotHealEnds(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 301, 426} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			play(t, func(t *testing.T, s *script) {
				s.refuse(refusal{status, ""})
				c := s.client(client.Options{Token: "secret"})
				err := c.AwaitConnected(t.Context())
				var refused *client.HandshakeError
				require.ErrorAs(t, err, &refused)
				require.Equal(t, status, refused.Status)
				require.Equal(t, "not now", refused.Message)
				require.NotContains(t, err.Error(), "secret")
				<-c.Done()
				require.Equal(t, err, c.Err())
				_, err = c.Join(t.Context(), "r", client.JoinOptions{})
				require.ErrorIs(t, err, refused)
			})
		})
	}
	for _, code := range []int{1008, 4001} {
		t.Run(http.StatusText(code), func(t *testing.T) {
			play(t, func(t *testing.T, s *script) {
				c := s.client(client.Options{Token: "secret"})
				p := s.welcome("a")
				_, r := s.room(c, p)
				p.close(code)
				<-c.Done()
				synctest.Wait()
				var closed *client.CloseError
				require.ErrorAs(t, c.Err(), &closed)
				require.Equal(t, code, closed.Code)
				ended := of[client.Ended](r)
				require.Len(t, ended, 1)
				require.Equal(t, c.Err(), ended[0].Err)
			})
		})
	}
}

func TestConnectSaysWhatTheLastAttemptMet(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		s.refuse(refusal{503, "3600"})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := client.Connect(ctx, "ws://gateway", client.Options{DialContext: s.dial})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "status 503: not now")
	})
}
