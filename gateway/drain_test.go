package gateway_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/gateway/protocol"
)

func TestDrainMovesClientsAndThenClosesTheRest(t *testing.T) {
	cluster, use := newCluster()
	s := serve(t, func(c *gateway.Config, o *gateway.Options) {
		use(c, o)
		c.Deregister, c.DrainWindow, c.DrainClose = 0, 1200*time.Millisecond, 800*time.Millisecond
	}).ready()
	moves, stays := s.member("ann"), s.member("bob")
	s.metric(`starling_connections 2`)
	require.True(t, s.StartDrain(gateway.DrainRequest{Reason: "test"}))
	require.False(t, s.StartDrain(gateway.DrainRequest{}), "one at a time")

	status, body := s.get("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, "draining\n", body)
	for _, p := range []*peer{moves, stays} {
		f := p.expect("reconnect")
		require.Equal(t, "drain", f.get(t, "reason"))
		require.LessOrEqual(t, f.get(t, "afterMs"), 100.0)
		require.InDelta(t, 400, f.get(t, "overlapMs"), 1)
	}
	require.Equal(t, http.StatusServiceUnavailable, s.refused("member=eve", nil).StatusCode)
	status, _ = s.get("/healthz")
	require.Equal(t, http.StatusOK, status, "alive to the end")
	require.NoError(t, moves.Close())
	stays.expectClose(protocol.CloseRestart)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, s.Drain(ctx, "test"))
	got := s.DrainStatus()
	require.Equal(t, gateway.PhaseDrained, got.Phase)
	require.Equal(t, []int{2, 0, 1, 1}, []int{got.AtStart, got.Connections, got.Moved, got.Forced})
	require.NoError(t, s.Close(ctx))
	require.Equal(t, []string{"start", "draining", "flush", "close"}, cluster.noted())
}

func TestDrainEndsEarlyWhenAllHaveMoved(t *testing.T) {
	_, use := newCluster()
	s := serve(t, func(c *gateway.Config, o *gateway.Options) {
		use(c, o)
		c.Deregister, c.DrainWindow = 0, time.Hour
	}).ready()
	p := s.member("ann")
	s.StartDrain(gateway.DrainRequest{Reason: "test"})
	p.expect("reconnect")
	require.NoError(t, p.Close())
	eventually(t, func() bool { return s.DrainStatus().Phase == gateway.PhaseDrained }, "drained")
	require.Zero(t, s.DrainStatus().Forced)
}

func TestDrainWithNobodyToMoveToClosesAtOnce(t *testing.T) {
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) { c.Deregister, c.DrainWindow = 0, time.Hour })
	p := s.member("ann")
	s.StartDrain(gateway.DrainRequest{Reason: "test"})
	p.expectClose(protocol.CloseGoingAway)
}

func TestDrainEndsWhenNobodyIsLeftToMoveTo(t *testing.T) {
	cluster, use := newCluster()
	s := serve(t, func(c *gateway.Config, o *gateway.Options) {
		use(c, o)
		c.Deregister, c.DrainWindow = 0, time.Hour
	}).ready()
	p := s.member("ann")
	s.StartDrain(gateway.DrainRequest{Reason: "the whole cluster stops"})
	p.expect("reconnect")
	cluster.setPeers(gateway.PeerStatus{Node: "gw-1", LinkedOut: true, Draining: true})
	p.expectClose(protocol.CloseGoingAway)
}

func TestDrainCanBeCanceled(t *testing.T) {
	cluster, use := newCluster()
	s := serve(t, func(c *gateway.Config, o *gateway.Options) {
		use(c, o)
		c.Deregister, c.DrainWindow = 0, time.Hour
	}).ready()
	p := s.member("ann")
	s.StartDrain(gateway.DrainRequest{Reason: "test"})
	p.expect("reconnect")
	require.NoError(t, s.CancelDrain())
	p.settle()
	require.NoError(t, s.member("bob").Close())
	s.metric(`starling_connections 1`)
	require.Equal(t, gateway.PhaseServing, s.DrainStatus().Phase)
	require.Equal(t, []string{"start", "draining", "serving"}, cluster.noted())
	require.True(t, s.StartDrain(gateway.DrainRequest{}))
	p.expect("reconnect")
	require.NoError(t, s.CancelDrain())
	require.NoError(t, s.CancelDrain(), "without a drain there is nothing to cancel")
}

func TestDrainOnTheAdminPort(t *testing.T) {
	keys, err := keyring.New(keyring.Identity{Cluster: "default", Boot: 7}, []keyring.Key{keyring.NewKey()})
	require.NoError(t, err)
	_, use := newCluster()
	s := serve(t, func(c *gateway.Config, o *gateway.Options) {
		use(c, o)
		o.Keys = keys
		c.Deregister, c.DrainWindow = 0, time.Hour
	}).ready()
	p := s.member("ann")
	ask := func(method, token, body string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), method, s.admin.URL+"/drain", strings.NewReader(body))
		require.NoError(t, err)
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(text)
	}
	for _, token := range []string{"", "wrong", keys.AdminToken()[1:]} {
		status, _ := ask(http.MethodPost, token, "")
		require.Equal(t, http.StatusUnauthorized, status)
	}
	s.metric(`starling_admin_denied_total 3`)
	status, body := ask(http.MethodGet, "", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, `"phase": "serving"`)

	status, body = ask(http.MethodPost, keys.AdminToken(), `{"window": 1}`)
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, body, `unknown field "window"`)
	status, body = ask(http.MethodPost, keys.AdminToken(), `{"reason": "new kernel"}`)
	require.Equal(t, http.StatusAccepted, status)
	require.Contains(t, body, "new kernel")
	require.Contains(t, body, `"began": true`)
	require.Contains(t, body, `"leaseUntil"`)
	p.expect("reconnect")
	status, body = ask(http.MethodPost, keys.AdminToken(), `{"reason": "another", "windowSeconds": 7}`)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, `"began": false`)
	require.Contains(t, body, "new kernel")
	require.Contains(t, body, `"windowSeconds": 3600`)
	status, _ = ask(http.MethodDelete, "", "")
	require.Equal(t, http.StatusUnauthorized, status)
	status, body = ask(http.MethodDelete, keys.AdminToken(), "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, `"phase": "serving"`)
	p.settle()
}

func TestAdminWritesNeedKeys(t *testing.T) {
	s := serve(t, nil)
	response, err := http.Post(s.admin.URL+"/drain", "", nil)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusForbidden, response.StatusCode)
}

func TestCloseEndsEverything(t *testing.T) {
	s := serve(t, nil)
	p := s.member("ann")
	p.join("r")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, s.Close(ctx))
	p.expectClose(protocol.CloseGoingAway)
	require.NoError(t, s.Close(ctx), "again")
	require.False(t, s.StartDrain(gateway.DrainRequest{}))
	require.NoError(t, s.Drain(ctx, "too late"))
	require.Equal(t, http.StatusServiceUnavailable, s.refused("member=bob", nil).StatusCode)
}
