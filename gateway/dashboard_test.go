package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/overview"
)

// view reads a part of the dashboard's data.
func view[T any](t *testing.T, s *server, path string) (got T) {
	t.Helper()
	code, body := s.get(path)
	require.Equal(t, http.StatusOK, code, body)
	require.NoError(t, json.Unmarshal([]byte(body), &got))
	return got
}

func TestOverviewShowsThisGateway(t *testing.T) {
	cluster, use := newCluster()
	cluster.setPeers(gateway.PeerStatus{Node: "gw-1", Boot: "b1", State: "live", LinkedIn: true, LinkedOut: true, HeardMs: 12})
	var asked atomic.Value
	cluster.ask = func(ctx context.Context, kind string, body []byte) ([]gateway.Reply, error) {
		deadline, _ := ctx.Deadline()
		asked.Store(fmt.Sprint(kind, string(body), time.Until(deadline) < 3*time.Second))
		return []gateway.Reply{
			{Node: "gw-1", Body: []byte(`{"node":"gw-1","boot":"b1","connections":7,"future":true}`)},
			{Node: "gw-2", Err: context.DeadlineExceeded},
			{Node: "gw-3", Err: errors.New("the cellar is full")},
			{Node: "gw-4", Body: []byte(`{`)},
		}, nil
	}
	s := serve(t, use).ready()
	ann := s.member("ann")
	ann.join("r")
	ann.say(`{"type":"publish","id":1,"payload":{"channel":"r","type":"m","payload":1,"except":"none"}}`)
	ann.expect("m")
	ann.expect("reply")

	var o overview.Overview
	eventually(t, func() bool {
		o = view[overview.Overview](t, s, "/ui/api/overview")
		return len(o.Gateways[0].History) > 0
	}, "the first step of the history")
	require.Equal(t, "gw-0", o.Answered)
	require.WithinDuration(t, time.Now(), o.At, patience)
	require.False(t, o.Actions)
	require.Equal(t, `overview{"since":0}true`, asked.Load())
	require.Equal(t, []string{"gw-1", "7"}, []string{o.Gateways[1].Node, fmt.Sprint(o.Gateways[1].Connections)})
	require.Equal(t, []overview.Missing{
		{Node: "gw-2", Reason: "no answer within 2 s"},
		{Node: "gw-3", Reason: "the cellar is full"},
		{Node: "gw-4", Reason: "unexpected end of JSON input"},
	}, o.Missing)
	g := o.Gateways[0]
	require.Equal(t, []string{"gw-0", "default", "serving"}, []string{g.Node, g.Cluster, g.Drain.Phase})
	require.Equal(t, []int{1, 20_000, 1, 1}, []int{g.Connections, g.MaxConnections, g.Channels, g.Members})
	require.Equal(t, []overview.Peer{{Node: "gw-1", Boot: "b1", State: "live", LinkedIn: true, LinkedOut: true, HeardMs: 12}}, g.Peers)
	first := g.History[0]
	require.Equal(t, 1, first.Connections)
	require.InDelta(t, 1, first.In*first.Seconds, 0.01, "one publish")
	require.InDelta(t, 5, first.Out*first.Seconds, 0.01, "welcome, snapshot, join's reply, event, publish's reply")
	require.NotNil(t, first.P99Ms)
	require.Positive(t, *first.P99Ms)
	require.Equal(t, g.History[len(g.History)-1], *g.Figures)

	later := view[overview.Overview](t, s, "/ui/api/overview?since=99999999999")
	require.Empty(t, later.Gateways[0].History)
}

// What the operator, `starling status` and `kubectl starling` read of /status is what the overview says.
func TestStatusReadsAsAGatewayOfTheOverview(t *testing.T) {
	cluster, use := newCluster()
	cluster.setPeers(gateway.PeerStatus{
		Node: "gw-1", Boot: "b1", Address: "a", Version: "v", State: "live", InStep: true, Draining: true,
		LinkedIn: true, LinkedOut: true, QueuedBytes: 7, HeardMs: 12, Error: "e",
	})
	s := serve(t, use).ready()
	s.StartDrain(gateway.DrainRequest{Reason: "test", Lease: time.Hour})
	var status, shown overview.Gateway
	eventually(t, func() bool {
		status = view[overview.Gateway](t, s, "/status")
		shown = view[overview.Overview](t, s, "/ui/api/overview").Gateways[0]
		shown.History, shown.Errors, shown.Unseen = nil, nil, nil
		return status.Figures != nil && shown.Figures != nil && status.Figures.At == shown.Figures.At && status.Drain.Phase == shown.Drain.Phase
	}, "figures")
	require.Equal(t, shown, status)
}

func TestOverviewSaysWhenNobodyCanBeAsked(t *testing.T) {
	cluster, use := newCluster()
	cluster.ask = func(context.Context, string, []byte) ([]gateway.Reply, error) {
		return nil, errors.New("too many questions")
	}
	code, body := serve(t, use).ready().get("/ui/api/overview")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Contains(t, body, "too many questions")
}

func TestOverviewShowsWarnings(t *testing.T) {
	cluster, use := newCluster()
	s := serve(t, use).ready()
	require.Empty(t, view[overview.Overview](t, s, "/ui/api/overview").Gateways[0].Errors)
	cluster.host.Logger.Warn("link broke", "peer", "gw-1")
	cluster.host.Logger.Info("link works", "peer", "gw-1")
	got := view[overview.Overview](t, s, "/ui/api/overview").Gateways[0].Errors
	require.Len(t, got, 1)
	require.Equal(t, []string{"warn", "link broke", "peer=gw-1"}, []string{got[0].Level, got[0].Message, got[0].Detail})
}

func TestChannelsBySizeWithSearch(t *testing.T) {
	s := serve(t, nil)
	ann, bob := s.member("ann"), s.member("bob")
	ann.join("room:1")
	ann.join("Room:2/ä")
	ann.join("other")
	bob.join("room:1")
	bob.say(`{"type":"typing","id":9,"payload":{"channel":"room:1","typing":true}}`)
	bob.expect("reply")

	all := view[overview.Channels](t, s, "/ui/api/channels")
	require.Equal(t, 3, all.Matching)
	require.Equal(t, overview.Channel{Name: "room:1", Members: 2, Typing: 1, Connections: 2}, all.Channels[0])
	some := view[overview.Channels](t, s, "/ui/api/channels?search=ROOM&limit=1")
	require.Equal(t, 2, some.Matching)
	require.Len(t, some.Channels, 1)
	none := view[overview.Channels](t, s, "/ui/api/channels?search=nothing")
	require.NotNil(t, none.Channels)

	require.Equal(t, overview.ChannelDetail{
		Name: "room:1", MemberCount: 2, Members: []string{"ann", "bob"}, Typing: []string{"bob"}, Connections: 2,
	}, view[overview.ChannelDetail](t, s, "/ui/api/channel?name=room:1"))
	require.Equal(t, 1, view[overview.ChannelDetail](t, s, "/ui/api/channel?name="+url.QueryEscape("Room:2/ä")).MemberCount)
	require.Equal(t, overview.ChannelDetail{Name: "..", Members: []string{}, Typing: []string{}},
		view[overview.ChannelDetail](t, s, "/ui/api/channel?name=.."), "a channel that is not")
}

func TestDashboardSaysWhatIsWrongWithAQuestion(t *testing.T) {
	s := serve(t, nil)
	for path, want := range map[string]string{
		"/ui/api/overview?since=now":                              `since is "now", want a time in Unix seconds`,
		"/ui/api/channels?limit=0":                                `limit is "0", want 1 to 200`,
		"/ui/api/channels?limit=many":                             `limit is "many", want 1 to 200`,
		"/ui/api/channels?search=" + strings.Repeat("x", 201):     "search is 201 bytes long, want at most 200",
		"/ui/api/channel":                                         "channel",
		"/ui/api/channel?name=" + url.QueryEscape("with\x00zero"): "channel",
	} {
		code, body := s.get(path)
		require.Equal(t, http.StatusBadRequest, code, path)
		var p struct{ Title, Detail string }
		require.NoError(t, json.Unmarshal([]byte(body), &p))
		require.Contains(t, p.Detail, want)
	}
}

// Without keys only this machine sees channels and members, and no web page that makes a name of its own lead here.
func TestDashboardWithoutKeysIsForThisMachine(t *testing.T) {
	s := serve(t, nil)
	ask := func(edit func(*http.Request)) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.admin.URL+"/ui/api/overview", nil)
		require.NoError(t, err)
		edit(r)
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.Equal(t, "no-store", response.Header.Get("Cache-Control"))
		return response.StatusCode, string(body)
	}
	for host, want := range map[string]int{
		"localhost": 200, "localhost:9090": 200, "127.0.0.1:9090": 200, "127.8.8.8": 200, "[::1]:9090": 200, "[::1]": 200,
		"evil.example": 403, "10.0.0.7:9090": 403, "localhost.evil.example": 403, "127.0.0.1.evil.example:9090": 403,
	} {
		code, body := ask(func(r *http.Request) { r.Host = host })
		require.Equal(t, want, code, "%s: %s", host, body)
	}
	for _, header := range []string{"X-Forwarded-For", "Forwarded"} {
		code, body := ask(func(r *http.Request) { r.Header.Set(header, "10.1.2.3") })
		require.Equal(t, http.StatusForbidden, code)
		require.Contains(t, body, "--api-keys-file")
	}
}
