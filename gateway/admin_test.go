package gateway_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/buildinfo"
)

func TestStatus(t *testing.T) {
	_, use := newCluster()
	s := serve(t, use).ready()
	s.member("ann").join("r")
	s.member("bob").join("r")
	code, body := s.get("/status")
	require.Equal(t, http.StatusOK, code)
	var got gateway.Status
	require.NoError(t, json.Unmarshal([]byte(body), &got))
	require.Len(t, got.Boot, 16)
	require.WithinDuration(t, time.Now(), got.StartedAt, patience)
	got.Boot, got.StartedAt, got.Figures = "", time.Time{}, nil
	require.Equal(t, gateway.Status{
		Node: "gw-0", Version: buildinfo.Version(), Cluster: "default", Ready: true, Phase: "serving",
		Drain:       gateway.DrainStatus{Phase: "serving", Connections: 2},
		Rebalance:   gateway.RebalanceStatus{Policy: "Off"},
		Connections: 2, MaxConnections: 20_000, AcceptPerSecond: 1000,
		Channels: 1, LocalChannels: 1, Members: 2, PresenceEntries: 2, LocalEntries: 2,
		Peers: []gateway.PeerStatus{{Node: "gw-1", LinkedOut: true}},
	}, got)
}

func TestMetrics(t *testing.T) {
	s := serve(t, nil)
	p := s.member("ann")
	p.join("r")
	p.say(`{"type":"publish","id":1,"payload":{"channel":"r","type":"m","payload":1}}`)
	p.expect("reply")
	p.say(`{`)
	p.expect("error")
	for _, line := range []string{
		`starling_connections 1`, `starling_connections_accepted_total 1`, `starling_channels 1`, `starling_local_channels 1`,
		`starling_members 1`, `starling_presence_entries 1`, `starling_local_presence_entries 1`, `starling_joined_connections 1`,
		`starling_ready 1`, `starling_draining 0`,
		`starling_requests_total{type="join"} 1`, `starling_requests_total{type="publish"} 1`,
		`starling_errors_total{code="bad_request"} 1`, `starling_bad_frames_total 1`,
		`starling_publish_seconds_count 1`, `starling_join_seconds_count 1`,
		`starling_limit{limit="max-message-bytes"} 65536`,
	} {
		s.metric(line)
	}
	_, text := s.get("/metrics")
	for _, name := range []string{"starling_build_info", "go_goroutines", "starling_fanout_", "starling_dedupe_", "starling_received_bytes_total"} {
		require.Contains(t, text, name)
	}
}
