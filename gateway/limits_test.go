package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/protocol"
)

func limits(edit func(*gateway.Limits)) func(*gateway.Config, *gateway.Options) {
	return func(c *gateway.Config, _ *gateway.Options) { edit(&c.Limits) }
}

func TestMaxConnections(t *testing.T) {
	s := serve(t, limits(func(l *gateway.Limits) { l.Connections = 2 }))
	first := s.member("a")
	s.member("b")
	answer := s.refused("member=c", nil)
	require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	require.NotEmpty(t, answer.Header.Get("Retry-After"))
	s.metric(`starling_limit_hits_total{limit="max-connections"} 1`)
	s.metric(`starling_refused_total{reason="full"} 1`)
	s.metric(`starling_limit{limit="max-connections"} 2`)

	require.NoError(t, first.Close())
	s.metric(`starling_connections 1`)
	s.member("c")
}

func TestMaxChannelsPerConnection(t *testing.T) {
	s := serve(t, limits(func(l *gateway.Limits) { l.ChannelsPerConnection, l.JoinsPerSecondPerConnection = 20, 1000 }))
	p := s.member("ann")
	for i := range 20 {
		p.join(fmt.Sprintf("r%d", i))
	}
	p.say(`{"type":"join","id":1,"payload":{"channel":"one more"}}`)
	require.Contains(t, p.expectError(protocol.CodeTooManyChannels), "--max-channels-per-connection")
	s.metric(`starling_limit_hits_total{limit="max-channels-per-connection"} 1`)
	p.join("r3") // a second join of one is not one more
	p.say(`{"type":"leave","payload":{"channel":"r3"}}`)
	p.join("one more")
}

func TestMaxChannels(t *testing.T) {
	s := serve(t, limits(func(l *gateway.Limits) { l.Channels = 1 }))
	p := s.member("ann")
	p.join("r1")
	p.say(`{"type":"join","id":1,"payload":{"channel":"r2"}}`)
	f := p.expect("error")
	require.Equal(t, "unavailable", f.get(t, "code"))
	require.NotZero(t, f.get(t, "retryAfterMs"))
	s.metric(`starling_limit_hits_total{limit="max-channels"} 1`)
	p.settle()
}

func TestMaxPresenceEntries(t *testing.T) {
	s := serve(t, limits(func(l *gateway.Limits) { l.PresenceEntries = 1 }))
	s.member("ann").join("r")
	p := s.member("bob")
	p.say(`{"type":"join","id":1,"payload":{"channel":"r"}}`)
	p.expectError(protocol.CodeUnavailable)
	s.metric(`starling_limit_hits_total{limit="max-presence-entries"} 1`)
}

func TestJoinsPerSecond(t *testing.T) {
	for bound, edit := range map[string]func(*gateway.Limits){
		"joins-per-second":                func(l *gateway.Limits) { l.JoinsPerSecond = 1 },
		"joins-per-second-per-connection": func(l *gateway.Limits) { l.JoinsPerSecondPerConnection, l.ChannelsPerConnection = 1, 2 },
	} {
		t.Run(bound, func(t *testing.T) {
			s := serve(t, limits(edit))
			p := s.member("ann")
			for range 20 {
				p.say(`{"type":"join","payload":{"channel":"r","presence":"none"}}`)
			}
			p.say(`{"type":"ping"}`)
			refused := 0
			for f := p.next(); f.Type != "pong"; f = p.next() {
				require.Equal(t, "rate_limited", f.get(t, "code"))
				require.Positive(t, f.get(t, "retryAfterMs"))
				require.Contains(t, f.get(t, "message"), "--"+bound)
				refused++
			}
			require.Positive(t, refused)
			s.metric(fmt.Sprintf(`starling_limit_hits_total{limit=%q} %d`, bound, refused))
		})
	}
}

func TestSnapshotIsCapped(t *testing.T) {
	s := serve(t, limits(func(l *gateway.Limits) { l.SnapshotMembers = 2 }))
	for i := range 3 {
		s.member(fmt.Sprintf("m%d", i)).say(`{"type":"join","payload":{"channel":"r","presence":"none"}}`)
	}
	eventually(t, func() bool { return s.Hub().MemberCount("r") == 3 }, "all have joined")
	p := s.member("ann")
	p.say(`{"type":"join","payload":{"channel":"r"}}`)
	f := p.expect("presence:snapshot")
	require.Len(t, f.get(t, "members"), 2)
	require.InEpsilon(t, 4, f.get(t, "memberCount"), 0)
	require.Equal(t, true, f.get(t, "truncated"))
}

// A client that sends faster than it can be answered, and reads as fast as it can, is made to wait and not closed.
func TestRequestsWaitForRoomForTheirAnswers(t *testing.T) {
	s := serve(t, limits(func(l *gateway.Limits) { l.SendQueueBytes, l.MessageBytes, l.SnapshotMembers = 1<<10, 1<<10, 1 }))
	p := s.member("ann")
	const count = 2_000
	sent := make(chan error, 1)
	go func() {
		for i := range count {
			request := fmt.Sprintf(`{"type":"ping","id":%d,"payload":%q}`, i, strings.Repeat("x", 900))
			if err := p.WriteMessage(websocket.TextMessage, []byte(request)); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	for i := range count {
		require.Equal(t, fmt.Sprint(i), string(p.expect("pong").ID))
	}
	require.NoError(t, <-sent)
	s.metric(`starling_fanout_slow_closes_total{reason="overflow"} 0`)
}

// One member who publishes as fast as it can does not get others closed who read as fast as they can.
func TestPublishersArePaced(t *testing.T) {
	s := serve(t, nil)
	publisher, reader := s.member("ann"), s.member("bob")
	for _, p := range []*peer{publisher, reader} {
		p.say(`{"type":"join","id":1,"payload":{"channel":"r","presence":"none"}}`)
		p.expect("reply")
	}
	const count = 100
	sent := make(chan error, 1)
	go func() {
		request := fmt.Sprintf(`{"type":"publish","payload":{"channel":"r","type":"m","payload":%q}}`, strings.Repeat("x", 60_000))
		for range count {
			if err := publisher.WriteMessage(websocket.TextMessage, []byte(request)); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	for range count {
		reader.expect("m")
	}
	require.NoError(t, <-sent)
	s.metric(`starling_fanout_slow_closes_total{reason="overflow"} 0`)
}
