package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/internal/bench/dialect"
	"github.com/starling-realtime/starling/internal/bench/load"
)

// asLoader makes the test's own program a load generator.
const asLoader = "STARLING_TEST_LOADER"

func TestMain(m *testing.M) {
	if os.Getenv(asLoader) == "" {
		os.Exit(m.Run())
	}
	if err := load.Serve(os.Stdin, os.Stdout, map[string]dialect.Dialect{"starling": dialect.Starling{}}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func measure(t *testing.T, handler http.Handler, s Scenario, loaders int) *Report {
	t.Helper()
	t.Setenv(asLoader, "yes")
	server := httptest.NewServer(handler)
	defer server.Close()
	report, err := Run(t.Context(), Options{
		Scenario: s, Loader: []string{os.Args[0]}, Loaders: loaders, WarmUp: 50 * time.Millisecond, Duration: 300 * time.Millisecond,
		Server: Server{
			Name: "test", Dialect: "starling", PIDs: []int{os.Getpid()},
			Addresses: []string{"ws" + strings.TrimPrefix(server.URL, "http")},
		},
		Progress: func(line string) { t.Log(line) },
	})
	require.NoError(t, err)
	return report
}

func newGateway(t *testing.T) http.Handler {
	t.Helper()
	cfg := gateway.DefaultConfig()
	cfg.Anonymous = true
	g, err := gateway.New(cfg, gateway.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, g.Close(context.WithoutCancel(t.Context()))) })
	return g.Handler()
}

func TestScenariosOnAGateway(t *testing.T) {
	for _, s := range []Scenario{
		Fanout(20, 2, 1, 100, 200),
		Rooms(10, 4, 20, 100, 200),
		Idle(20, 5, time.Millisecond, false),
		JoinStorm(20, 5, 4, 0),
		JoinStorm(20, 5, 4, 200),
		ReconnectStorm(20, 5, 50*time.Millisecond),
		Mesh(10, 2, 100, 200),
	} {
		t.Run(s.Name, func(t *testing.T) {
			report := measure(t, newGateway(t), s, 2)
			require.Empty(t, report.Faults)
			require.Equal(t, s.Connections(), report.Connections)
			require.NotNil(t, report.Opening.Latency)
			if s.Pacing != nil {
				require.Zero(t, report.Traffic.Missing)
				// What was due while it was measured, whenever it came: on a machine with much else to do that may be after the end.
				require.Positive(t, report.Traffic.Expected)
				require.NotNil(t, report.Traffic.Latency)
				require.Positive(t, report.Traffic.Latency.Count)
			}
			var table bytes.Buffer
			require.NoError(t, WriteTable(&table, report))
			require.Contains(t, table.String(), s.Name+" on test")
		})
	}
}

func TestJoinsAndPresenceOnAGateway(t *testing.T) {
	report := measure(t, newGateway(t), Joins(10, 50), 2)
	require.Empty(t, report.Faults)
	require.EqualValues(t, 18, report.Traffic.Expected)
	require.Positive(t, report.Traffic.Latency.Count)

	presence := Presence(100, 20, 10)
	presence.Settle = time.Millisecond
	report = measure(t, newGateway(t), presence, 1)
	require.Empty(t, report.Faults)
	require.NotNil(t, report.Probe)
}

// A liar speaks just enough of the protocol to break promises.
type liar struct {
	mu    sync.Mutex
	conns []*websocket.Conn
	// relay is what it makes of the n-th publish.
	relay func(l *liar, n int, event []byte)
	n     int
}

func (l *liar) send(msg []byte) {
	for _, c := range l.conns {
		_ = c.WriteMessage(websocket.TextMessage, msg)
	}
}

func (l *liar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	l.mu.Lock()
	_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"welcome"}`))
	l.mu.Unlock()
	for {
		_, msg, err := conn.ReadMessage()
		if err != nil {
			return
		}
		var request struct{ Type string }
		_ = json.Unmarshal(msg, &request)
		l.mu.Lock()
		switch {
		case request.Type == "publish":
			l.n++
			l.relay(l, l.n, bytes.Replace(msg, []byte(`"type":"publish"`), []byte(`"type":"bench"`), 1))
		case strings.HasPrefix(r.URL.Query().Get("member"), "subscriber"):
			l.conns = append(l.conns, conn)
			fallthrough
		default:
			_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"reply"}`))
		}
		l.mu.Unlock()
	}
}

func TestBrokenPromisesAreFound(t *testing.T) {
	var held []byte
	for name, test := range map[string]struct {
		relay func(*liar, int, []byte)
		want  string
	}{
		"loss": {func(l *liar, n int, event []byte) {
			if n%5 != 0 {
				l.send(event)
			}
		}, "deliveries are missing"},
		"twice": {func(l *liar, n int, event []byte) {
			l.send(event)
			if n == 3 {
				l.send(event)
			}
		}, "5 deliveries came twice"},
		"order": {func(l *liar, n int, event []byte) {
			if n == 3 {
				held = event
				return
			}
			l.send(event)
			if n == 4 {
				l.send(held)
			}
		}, "5 deliveries came out of order"},
		"gap": {func(l *liar, n int, event []byte) {
			l.send(event)
			if n == 3 {
				l.send([]byte(`{"type":"gap","payload":{}}`))
			}
		}, "5 gap events came"},
		"error": {func(l *liar, n int, event []byte) {
			l.send(event)
			if n == 3 {
				l.send([]byte(`{"type":"error","payload":{"code":"forbidden"}}`))
			}
		}, `5 requests were refused, the first with {"type":"error"`},
		"slow": {func(l *liar, n int, event []byte) {
			l.send(event)
			if n == 3 {
				_ = l.conns[0].WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(4008, ""))
				_ = l.conns[0].Close()
			}
		}, "the server ended connections: 1 x 4008"},
	} {
		t.Run(name, func(t *testing.T) {
			report := measure(t, &liar{relay: test.relay}, Fanout(5, 1, 0, 100, 200), 1)
			require.Contains(t, strings.Join(report.Faults, "\n"), test.want)
		})
	}
}

func TestRunExplains(t *testing.T) {
	good := Options{
		Loaders: 1, Loader: []string{os.Args[0]}, Duration: time.Second, Scenario: Fanout(1, 1, 0, 1, 200),
		Server: Server{Addresses: []string{"ws://127.0.0.1:1"}, Dialect: "starling"},
	}
	for want, edit := range map[string]func(*Options){
		"no address":             func(o *Options) { o.Server.Addresses = nil },
		"0 load generators":      func(o *Options) { o.Loaders = 0 },
		"a duration of 0s":       func(o *Options) { o.Duration = 0 },
		"want ws://host:port":    func(o *Options) { o.Server.Addresses = []string{"here"} },
		"starting a load":        func(o *Options) { o.Loader = []string{"/no/such/program"} },
		"no connection could be": func(o *Options) { o.Scenario.Opening = load.Opening{Timeout: 1} },
	} {
		t.Run(want, func(t *testing.T) {
			t.Setenv(asLoader, "yes")
			opts := good
			edit(&opts)
			_, err := Run(t.Context(), opts)
			require.ErrorContains(t, err, want)
		})
	}
}

func TestSources(t *testing.T) {
	require.Empty(t, sources([]string{"ws://127.0.0.1:1"}, 100))
	require.Empty(t, sources([]string{"ws://chat.example:1"}, 1_000_000))
	require.LessOrEqual(t, len(sources([]string{"ws://127.0.0.1:1"}, 50_000)), 5)
}
