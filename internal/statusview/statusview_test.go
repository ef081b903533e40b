package statusview

import (
	"bytes"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/overview"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing")

func step(in, out, p99 float64) *overview.Step {
	s := &overview.Step{At: 1_795_000_000, Seconds: 5, In: in, Out: out}
	if p99 > 0 {
		s.P99Ms = &p99
	}
	return s
}

func sees(node, boot string) overview.Peer {
	return overview.Peer{Node: node, Boot: boot, State: "live", InStep: true, LinkedIn: true, LinkedOut: true, HeardMs: 120}
}

// troubled is a cluster in which everything happens that a table can show.
func troubled() *overview.Overview {
	started := time.Date(2026, 11, 25, 20, 0, 0, 0, time.UTC)
	o := &overview.Overview{
		Cluster: "chat", Answered: "chat-gateway-1", At: started.Add(75 * time.Hour),
		Gateways: []overview.Gateway{
			{
				Node: "chat-gateway-1", Boot: "00000000000000a1", Version: "v0.2.0", Cluster: "chat", Ready: true, StartedAt: started,
				Drain:       overview.Drain{Phase: "serving", Connections: 12_345},
				Connections: 12_345, MaxConnections: 20_000, Channels: 1_204, LocalChannels: 900, Members: 15_002,
				Peers: []overview.Peer{sees("chat-gateway-2", "00000000000000a2")}, Figures: step(120.4, 48_211, 1.83),
				SlowTotal: 1, Slow: []overview.Slow{{Conn: "c-1", Member: "ann", Address: "10.1.2.3", QueuedBytes: 70_000, BehindMs: 1200}},
			},
			{
				Node: "chat-gateway-2", Boot: "00000000000000a2", Version: "v0.2.0", Cluster: "chat", StartedAt: started.Add(74 * time.Hour),
				Reason: "draining", Draining: true,
				Drain:       overview.Drain{Phase: "moving", Reason: "new kernel", Connections: 310, AtStart: 4_000, Moved: 3_690, WindowSeconds: 30},
				Connections: 310, MaxConnections: 20_000, Channels: 1_204, Members: 15_002,
				Peers: []overview.Peer{sees("chat-gateway-1", "00000000000000a1"), sees("chat-gateway-4", "00000000000000a4")}, Figures: step(0.25, 3.5, 0.4),
			},
			{
				Node: "chat-gateway-3\x1b[2J", Boot: "00000000000000a3", Version: "v0.1.0", Cluster: "chat",
				StartedAt: started.Add(75*time.Hour - 3*time.Second), Reason: "waiting for chat-gateway-1",
				Drain: overview.Drain{Phase: "serving"}, MaxConnections: 20_000, Peers: []overview.Peer{},
			},
		},
		Missing: []overview.Missing{{Node: "chat-gateway-4", Boot: "00000000000000a4", Reason: "no answer within 2 s"}},
	}
	o.Complete()
	return o
}

func TestFormats(t *testing.T) {
	calm := troubled()
	calm.Gateways, calm.Missing = calm.Gateways[:1], nil
	calm.Gateways[0].Peers, calm.Gateways[0].SlowTotal, calm.Gateways[0].Slow = nil, 0, nil
	for name, test := range map[string]struct {
		format  Format
		cluster *overview.Overview
	}{
		"table.txt": {FormatTable, troubled()}, "wide.txt": {FormatWide, troubled()}, "status.json": {FormatJSON, troubled()},
		"status.yaml": {FormatYAML, troubled()}, "alone.txt": {FormatTable, calm},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, Write(&out, test.format, test.cluster))
			path := filepath.Join("testdata", name)
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o750))
				require.NoError(t, os.WriteFile(path, out.Bytes(), 0o600))
				return
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), out.String(), "out of date: go test ./internal/statusview -update")
		})
	}
}

func TestParseFormat(t *testing.T) {
	for _, f := range []Format{FormatTable, FormatWide, FormatJSON, FormatYAML} {
		got, err := ParseFormat(string(f))
		require.NoError(t, err)
		require.Equal(t, f, got)
	}
	_, err := ParseFormat("xml")
	require.EqualError(t, err, `--output is "xml", must be table, wide, json or yaml`)
}

func TestNumbers(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		require.Equal(t, want, count(n))
	}
	for f, want := range map[float64]string{0: "0", 0.2: "0.2", 9.94: "9.9", 9.96: "10", 1234.5: "1,235"} {
		require.Equal(t, want, rate(f))
	}
	for ms, want := range map[float64]string{0.05: "0.05 ms", 1: "1.0 ms", 9.96: "10 ms", 1500: "1,500 ms", 30_000: "30 s"} {
		require.Equal(t, want, millis(&ms))
	}
	for d, want := range map[time.Duration]string{
		time.Second: "1s", 119 * time.Second: "119s", 2 * time.Minute: "2m", 3 * time.Hour: "3h", 72 * time.Hour: "3d", -time.Second: "-",
	} {
		require.Equal(t, want, age(d))
	}
}

func TestAddresses(t *testing.T) {
	for _, good := range []string{"127.0.0.1:9090", "localhost:9090", "http://[::1]:9090", "https://gateway.example/admin/", "gateway:9090"} {
		_, err := NewSource(good, "")
		require.NoError(t, err, good)
	}
	for _, bad := range []string{"", "ftp://x", "http://", "http://user:secret@x:1", "http://x:1?a=b", "http://x:port"} {
		_, err := NewSource(bad, "")
		require.ErrorContains(t, err, "--address is ", bad)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	answer := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		key    string
		want   string
	}{
		"no key":          {answer(401, "application/problem+json", `{}`), "", "wants an API key: give it with --api-key-file or in STARLING_API_KEY"},
		"wrong key":       {answer(401, "application/problem+json", `{}`), "k", "does not take this API key"},
		"not from here":   {answer(403, "application/problem+json", `{"detail":"only to its own machine"}`), "", "answers 403 Forbidden: only to its own machine"},
		"another server":  {answer(404, "text/html", "<h1>"), "", "is not the admin address of a gateway that can tell (/ui/api/overview answers 404 Not Found)"},
		"a page of login": {answer(200, "text/html", "<h1>"), "", "is not the admin address of a gateway"},
		"a redirect":      {answer(302, "text/html", ""), "k", "answers 302 Found"},
		"no JSON":         {answer(200, "application/json", "{"), "", "reading the answer of http://127.0.0.1:"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(test.answer)
			defer server.Close()
			source, err := NewSource(server.URL, test.key)
			require.NoError(t, err)
			defer source.Close()
			_, err = source.Overview(t.Context())
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), "\n")
		})
	}
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	source, err := NewSource(server.URL, "")
	require.NoError(t, err)
	_, err = source.Overview(t.Context())
	require.EqualError(t, err, "nobody listens at "+server.URL+": name the admin address of a gateway (--admin-listen) with --address")
}

func TestTheKeyIsSentAndNoHistoryAskedFor(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/admin/ui/api/overview" || r.Header.Get("Authorization") != "Bearer secret" || r.URL.Query().Get("since") == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"cluster":"chat","gateways":[{"node":"a"}]}`))
	}))
	defer server.Close()
	source, err := NewSource(strings.TrimPrefix(server.URL, "http://")+"/admin", "secret")
	require.NoError(t, err)
	defer source.Close()
	o, err := source.Overview(t.Context())
	require.NoError(t, err)
	require.Equal(t, "a", o.Gateways[0].Node)
}
