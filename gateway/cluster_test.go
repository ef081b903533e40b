package gateway_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/protocol"
)

// ready waits until the gateway takes clients.
func (s *server) ready() *server {
	s.t.Helper()
	eventually(s.t, func() bool { ready, _ := s.Ready(); return ready }, "ready")
	return s
}

func TestJoinReplyWaitsForInterest(t *testing.T) {
	cluster, use := newCluster()
	asked, applied := make(chan uint64, 1), make(chan struct{})
	cluster.interest = func(ctx context.Context, _ string, seq uint64) bool {
		asked <- seq
		select {
		case <-applied:
			return true
		case <-ctx.Done():
			return false
		}
	}
	s := serve(t, use).ready()
	p := s.member("ann")
	p.say(`{"type":"join","id":1,"payload":{"channel":"r"}}`)
	p.expect("presence:snapshot") // which does not wait
	require.NotZero(t, <-asked)
	p.say(`{"type":"ping"}`)
	close(applied)
	require.Nil(t, p.expect("reply").get(t, "partial"))
	p.expect("pong")

	p.say(`{"type":"join","payload":{"channel":"r","presence":"none"}}`)
	p.settle()
	require.Empty(t, asked, "who wants no reply need not wait")
}

func TestJoinIsPartialWhenAPeerIsSlow(t *testing.T) {
	cluster, use := newCluster()
	cluster.interest = func(ctx context.Context, _ string, _ uint64) bool { <-ctx.Done(); return false }
	s := serve(t, use).ready()
	p := s.member("ann")
	require.Equal(t, true, p.join("r").get(t, "partial"))
	s.metric(`starling_joins_partial_total 1`)
}

func TestPublisherWaitsForRoomOnLinks(t *testing.T) {
	cluster, use := newCluster()
	waiting, room := make(chan struct{}), make(chan struct{})
	cluster.room = func(context.Context) { close(waiting); <-room }
	s := serve(t, use).ready()
	p := s.member("ann")
	p.join("r")
	p.say(`{"type":"publish","id":1,"payload":{"channel":"r","type":"m","payload":1,"except":"none"}}`)
	<-waiting
	close(room)
	p.expect("m")
	p.expect("reply")
}

func TestKeysOfOtherGatewaysAreKnown(t *testing.T) {
	cluster, use := newCluster()
	s := serve(t, use).ready()
	first, duplicate := cluster.host.Remember("ann", "r", "k1", "mid-elsewhere")
	require.False(t, duplicate)
	require.Equal(t, "mid-elsewhere", first)
	p := s.member("ann")
	p.join("r")
	p.say(`{"type":"publish","id":1,"payload":{"channel":"r","type":"m","payload":1,"key":"k1","except":"none"}}`)
	require.Equal(t, "mid-elsewhere", p.expect("reply").get(t, "mid"))
	p.settle()
	s.metric(`starling_publishes_deduplicated_total 1`)
}

func TestNobodyIsTakenBeforeReady(t *testing.T) {
	cluster := &fakeCluster{ready: make(chan struct{})}
	s := serve(t, cluster.use)
	status, body := s.get("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, "waiting for gw-1\n", body)
	status, _ = s.get("/healthz")
	require.Equal(t, http.StatusOK, status)
	answer := s.refused("member=ann", nil)
	require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	require.NotEmpty(t, answer.Header.Get("Retry-After"))
	s.dialRaw("member=ann&handshake=close", nil).expectClose(protocol.CloseAtCapacity)

	close(cluster.ready)
	s.ready().member("ann")
	status, _ = s.get("/readyz")
	require.Equal(t, http.StatusOK, status)
}

func TestNewFailsWithItsCluster(t *testing.T) {
	cfg := gateway.DefaultConfig()
	cfg.Anonymous = true
	broken := errors.New("port is taken")
	_, err := gateway.New(cfg, gateway.Options{NewCluster: func(gateway.ClusterHost) (gateway.Cluster, error) { return nil, broken }})
	require.ErrorIs(t, err, broken)
}
