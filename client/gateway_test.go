package client_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/client"
	"github.com/starling-realtime/starling/gateway"
)

// patience bounds every wait of a test. Nothing waits that long unless it fails.
const patience = 60 * time.Second

// TestMain fails when a test left a goroutine of ours behind.
func TestMain(m *testing.M) {
	code := m.Run()
	if left := leftOver(); code == 0 && left != "" {
		fmt.Fprintln(os.Stderr, "goroutines left behind:\n"+left)
		code = 1
	}
	os.Exit(code)
}

func leftOver() string {
	var left []string
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		buf := make([]byte, 4<<20)
		left = left[:0]
		for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if strings.Contains(stack, "/starling/") && !strings.Contains(stack, "TestMain") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return strings.Join(left, "\n\n")
		}
	}
}

// A server is a gateway of a test.
type server struct {
	*gateway.Gateway
	t        *testing.T
	name     string
	listener net.Listener
	http     *http.Server
	served   chan struct{}
	once     sync.Once
}

// serve starts an anonymous gateway that ends with the test.
func serve(t *testing.T, edit func(*gateway.Config, *gateway.Options)) *server {
	t.Helper()
	cfg := gateway.DefaultConfig()
	cfg.Anonymous = true
	cfg.NodeName = "gw-0"
	opts := gateway.Options{}
	if edit != nil {
		edit(&cfg, &opts)
	}
	g, err := gateway.New(cfg, opts)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server{
		Gateway: g, t: t, name: cfg.NodeName, listener: listener, served: make(chan struct{}),
		http: &http.Server{Handler: g.Handler(), ReadHeaderTimeout: patience},
	}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(listener)
	}()
	t.Cleanup(s.stop)
	return s
}

// stop ends the gateway in good order.
func (s *server) stop() {
	s.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			s.t.Errorf("closing %s: %v", s.name, err)
		}
		_ = s.http.Close()
		<-s.served
	})
}

func (s *server) addr() string { return s.listener.Addr().String() }
func (s *server) url() string  { return "ws://" + s.addr() + "/ws" }

// testWriter sends a log to the test's.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

func logger(t *testing.T, who string) *slog.Logger {
	return slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelDebug})).With("who", who)
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func eventually(t *testing.T, condition func() bool, message string, args ...any) {
	t.Helper()
	require.Eventually(t, condition, patience, 5*time.Millisecond, append([]any{message}, args...)...)
}

// connect connects a client that ends with the test.
func connect(t *testing.T, url string, opts client.Options) *client.Client {
	t.Helper()
	if opts.Logger == nil {
		opts.Logger = logger(t, opts.Member)
	}
	c, err := client.Connect(within(t), url, opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// A record keeps the events of a channel, and what follows from them.
type record struct {
	mu      sync.Mutex
	events  []client.Event
	members []string
}

func (r *record) add(e client.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
	if p, ok := e.(client.Presence); ok {
		r.members = slices.DeleteFunc(r.members, func(m string) bool { return slices.Contains(p.Left, m) })
		r.members = append(r.members, p.Joined...)
		slices.Sort(r.members)
	}
}

func (r *record) all() []client.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

func (r *record) present() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.members)
}

// of returns the events of one kind.
func of[E client.Event](r *record) []E {
	var found []E
	for _, e := range r.all() {
		if e, ok := e.(E); ok {
			found = append(found, e)
		}
	}
	return found
}

// join joins a channel and records its events.
func join(t *testing.T, c *client.Client, name string, mode client.PresenceMode) (*client.Channel, *record) {
	t.Helper()
	r := &record{}
	ch, err := c.Join(within(t), name, client.JoinOptions{Presence: mode, OnEvent: r.add})
	require.NoError(t, err)
	return ch, r
}
