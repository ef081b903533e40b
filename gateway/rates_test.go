package gateway_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/protocol"
)

// answers reads answers of requests with the ids 1 to n, and returns the errors among them.
func (p *peer) answers(n int) (refused []frame) {
	p.t.Helper()
	for seen := 0; seen < n; {
		switch f := p.next(); f.Type {
		case "reply":
			seen++
		case "error":
			seen++
			refused = append(refused, f)
		}
	}
	return refused
}

func (p *peer) publishes(channel string, n int) {
	p.t.Helper()
	for i := range n {
		p.say(`{"type":"publish","id":%d,"payload":{"channel":%q,"type":"m"}}`, i, channel)
	}
}

func TestMessagesPerSecond(t *testing.T) {
	slow := gateway.Rate{PerSecond: 1, Burst: 3}
	for bound, edit := range map[string]func(*gateway.Limits){
		"messages-per-second-per-connection": func(l *gateway.Limits) { l.MessagesPerConnection = slow },
		"messages-per-second-per-member":     func(l *gateway.Limits) { l.MessagesPerMember = slow },
		"messages-per-second-per-channel":    func(l *gateway.Limits) { l.MessagesPerChannel = slow },
	} {
		t.Run(bound, func(t *testing.T) {
			s := serve(t, limits(edit))
			p := s.member("ann")
			p.join("r")
			begin := time.Now()
			p.publishes("r", 20)
			p.say(`{"type":"typing","id":"t","payload":{"channel":"r","typing":true}}`)
			refused := p.answers(21)
			leaked := int(time.Since(begin).Seconds()) + 1
			require.GreaterOrEqual(t, len(refused), 21-3-leaked)
			require.LessOrEqual(t, len(refused), 21-3)
			for _, f := range refused {
				require.Equal(t, "rate_limited", f.get(t, "code"))
				require.Equal(t, "r", f.get(t, "channel"))
				require.Contains(t, f.get(t, "message"), "--"+bound)
				require.Positive(t, f.get(t, "retryAfterMs"))
				require.LessOrEqual(t, f.get(t, "retryAfterMs"), 2_100.0)
			}
			s.metric(fmt.Sprintf(`starling_limit_hits_total{limit=%q} %d`, bound, len(refused)))
			s.metric(fmt.Sprintf(`starling_limit{limit=%q} 1`, bound))
		})
	}
}

// Each bound is for what it says: a member's holds over its connections and not for others, and a channel's over its members.
func TestWhoSharesARate(t *testing.T) {
	slow := gateway.Rate{PerSecond: 1, Burst: 5}
	publish := func(p *peer, channel string) (ok bool) {
		p.publishes(channel, 1)
		return len(p.answers(1)) == 0
	}
	exhaust := func(p *peer, channel string) {
		p.publishes(channel, 50)
		p.answers(50)
	}
	t.Run("connection", func(t *testing.T) {
		s := serve(t, limits(func(l *gateway.Limits) { l.MessagesPerConnection = slow }))
		first, second := s.member("ann"), s.member("ann")
		first.join("r")
		second.join("r")
		exhaust(first, "r")
		require.True(t, publish(second, "r"))
	})
	t.Run("member", func(t *testing.T) {
		s := serve(t, limits(func(l *gateway.Limits) { l.MessagesPerMember = slow }))
		first, second, other := s.member("ann"), s.member("ann"), s.member("bob")
		for _, p := range []*peer{first, second, other} {
			p.say(`{"type":"join","id":"j","payload":{"channel":"r","presence":"none"}}`)
			p.expect("reply")
		}
		exhaust(first, "r")
		second.publishes("r", 10)
		require.NotEmpty(t, second.answers(10))
		require.True(t, publish(other, "r"))
		s.metric(`starling_rate_limiters{of="member"} 2`)
	})
	t.Run("channel", func(t *testing.T) {
		s := serve(t, limits(func(l *gateway.Limits) { l.MessagesPerChannel = slow }))
		first, other := s.member("ann"), s.member("bob")
		for _, p := range []*peer{first, other} {
			for _, channel := range []string{"r", "quiet"} {
				p.say(`{"type":"join","id":"j","payload":{"channel":%q,"presence":"none"}}`, channel)
				p.expect("reply")
			}
		}
		exhaust(first, "r")
		other.publishes("r", 10)
		require.NotEmpty(t, other.answers(10))
		require.True(t, publish(other, "quiet"))
	})
}

// A client that waits as it is told gets through, and is never closed for asking too early.
func TestWaitingAsToldIsEnough(t *testing.T) {
	s := serve(t, limits(func(l *gateway.Limits) {
		l.MessagesPerConnection, l.HastyRequests = gateway.Rate{PerSecond: 50, Burst: 1}, 1
	}))
	p := s.member("ann")
	p.join("r")
	for accepted := 0; accepted < 20; {
		p.publishes("r", 1)
		refused := p.answers(1)
		if len(refused) == 0 {
			accepted++
			continue
		}
		time.Sleep(time.Duration(refused[0].get(t, "retryAfterMs").(float64) * float64(time.Millisecond)))
	}
}

func TestHammeringAtABoundEndsTheConnection(t *testing.T) {
	s := serve(t, limits(func(l *gateway.Limits) { l.MessagesPerConnection, l.HastyRequests = gateway.Rate{PerSecond: 1}, 20 }))
	p := s.member("ann")
	p.join("r")
	go func() { // until the connection ends
		for p.WriteJSON(map[string]any{"type": "publish", "payload": map[string]any{"channel": "r", "type": "m"}}) == nil {
		}
	}()
	require.Contains(t, p.expectClose(protocol.ClosePolicy), "that did not wait as told")
	s.metric(`starling_limit_hits_total{limit="max-hasty-requests"} 1`)
	s.metric(`starling_closed_total{code="1008"} 1`)
}

// What the gateway as a whole has no room for is not this client's fault.
func TestABusyGatewayBlamesNobody(t *testing.T) {
	s := serve(t, limits(func(l *gateway.Limits) { l.JoinsPerSecond, l.HastyRequests, l.ChannelsPerConnection = 1, 5, 1000 }))
	p := s.member("ann")
	for range 200 {
		p.say(`{"type":"join","payload":{"channel":"r","presence":"none"}}`)
	}
	p.say(`{"type":"ping"}`)
	for f := p.next(); f.Type != "pong"; f = p.next() {
		require.Equal(t, "rate_limited", f.get(t, "code"))
	}
}

func TestMaxConnectionsPerAddress(t *testing.T) {
	s := serve(t, limits(func(l *gateway.Limits) { l.ConnectionsPerAddress = 1 }))
	first := s.member("a")
	answer := s.refused("member=b", nil)
	require.Equal(t, http.StatusTooManyRequests, answer.StatusCode)
	require.NotEmpty(t, answer.Header.Get("Retry-After"))
	s.metric(`starling_limit_hits_total{limit="max-connections-per-address"} 1`)
	s.metric(`starling_refused_total{reason="address"} 1`)
	require.NoError(t, first.Close())
	s.metric(`starling_connections 0`)
	s.member("b")
}

func TestNewConnectionsOfAnAddress(t *testing.T) {
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) {
		c.Limits.AcceptPerSecondPerAddress, c.Limits.AcceptBurstPerAddress = 1, 2
		c.TrustedProxies = []string{"127.0.0.0/8"}
	})
	forwarded := func(addr string) http.Header { return header("X-Forwarded-For", "203.0.113.99, "+addr) }
	var answer *http.Response
	eventually(t, func() bool {
		conn, response, err := websocket.DefaultDialer.Dial(s.url("member=a"), forwarded("198.51.100.1"))
		if err == nil {
			_ = conn.Close()
			return false
		}
		answer = response
		return true
	}, "more come than may")
	require.Equal(t, http.StatusTooManyRequests, answer.StatusCode)
	seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	require.NoError(t, err)
	require.Contains(t, []int{1, 2, 3}, seconds)

	var inside *peer
	var f frame
	eventually(t, func() bool {
		inside = s.dialRaw("member=a&handshake=close", forwarded("198.51.100.1"))
		f = inside.next()
		return f.Type == "error"
	}, "more come than may")
	require.Equal(t, "rate_limited", f.get(t, "code"))
	require.Positive(t, f.get(t, "retryAfterMs"))
	require.Contains(t, inside.expectClose(protocol.CloseAtCapacity), "--accept-per-second-per-address")
	s.metric(`starling_limit_hits_total{limit="accept-per-second-per-address"} 2`)
	s.dialRaw("member=b", forwarded("198.51.100.2")).expect("welcome")
	s.metric(`starling_rate_limiters{of="address"} 2`)
	eventually(t, func() bool {
		conn := s.dialRaw("member=a&handshake=close", forwarded("198.51.100.1"))
		defer func() { _ = conn.Close() }()
		return conn.next().Type == "welcome"
	}, "there is room again")
}

// Without --trusted-proxies nobody is believed.
func TestForwardedForIsIgnoredUnlessTrusted(t *testing.T) {
	s := serve(t, limits(func(l *gateway.Limits) { l.ConnectionsPerAddress = 1 }))
	s.dialRaw("member=a", header("X-Forwarded-For", "198.51.100.1")).expect("welcome")
	require.Equal(t, http.StatusTooManyRequests, s.refused("member=b", header("X-Forwarded-For", "198.51.100.2")).StatusCode)
}

func TestMostRateLimiters(t *testing.T) {
	s := serve(t, limits(func(l *gateway.Limits) {
		l.MessagesPerChannel, l.RateLimiters, l.ChannelsPerConnection = gateway.Rate{PerSecond: 1}, 1, 200
	}))
	p := s.member("ann")
	for i := range 100 {
		channel := fmt.Sprintf("r%d", i)
		p.join(channel)
		p.publishes(channel, 1)
		p.answers(1)
	}
	_, text := s.get("/metrics")
	require.Contains(t, text, `starling_limit_hits_total{limit="max-rate-limiters"}`)
}
