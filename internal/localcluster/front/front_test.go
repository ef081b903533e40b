package front

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const patience = 20 * time.Second

// startFront serves a front on loopback until the test ends, and checks that it then stops.
func startFront(t *testing.T, opts Options) (*Front, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	front := New(listener, opts)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- front.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-served)
		require.NoError(t, front.Close())
	})
	return front, listener.Addr().String()
}

// startGateway answers each connection with its name and a newline, then echoes; at the end of the input it says "bye".
func startGateway(t *testing.T, name string) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.WriteString(conn, name+"\n")
				_, _ = io.Copy(conn, conn)
				_, _ = io.WriteString(conn, "bye\n")
			}()
		}
	}()
	return listener
}

type client struct {
	*net.TCPConn
	lines *bufio.Reader
}

func dial(t *testing.T, address string) client {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	return client{conn.(*net.TCPConn), bufio.NewReader(conn)}
}

func (c client) line(t *testing.T) string {
	t.Helper()
	text, err := c.lines.ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSuffix(text, "\n")
}

func (c client) echo(t *testing.T, text string) {
	t.Helper()
	_, err := io.WriteString(c, text+"\n")
	require.NoError(t, err)
	require.Equal(t, text, c.line(t))
}

func get(address string) (*http.Response, string, error) {
	httpClient := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := httpClient.Get("http://" + address + "/")
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, string(body), err
}

func TestConnectionsSpreadEvenly(t *testing.T) {
	front, address := startFront(t, Options{})
	for _, name := range []string{"a", "b", "c"} {
		front.Set(startGateway(t, name).Addr().String(), true)
	}
	count := map[string]int{}
	for range 9 {
		count[dial(t, address).line(t)]++
	}
	require.Equal(t, map[string]int{"a": 3, "b": 3, "c": 3}, count)
}

func TestNewConnectionsGoWhereTheFewestAre(t *testing.T) {
	front, address := startFront(t, Options{})
	for _, name := range []string{"a", "b"} {
		front.Set(startGateway(t, name).Addr().String(), true)
	}
	held := map[string][]client{}
	for range 6 {
		c := dial(t, address)
		name := c.line(t)
		held[name] = append(held[name], c)
	}
	for _, c := range held["b"] {
		require.NoError(t, c.Close())
	}
	require.Eventually(t, func() bool { return front.active() == 3 }, patience, 5*time.Millisecond)
	for range 3 {
		require.Equal(t, "b", dial(t, address).line(t))
	}
}

func TestDrainingGatewayKeepsItsConnectionsAndGetsNoNewOnes(t *testing.T) {
	front, address := startFront(t, Options{})
	a, b := startGateway(t, "a").Addr().String(), startGateway(t, "b").Addr().String()
	front.Set(a, true)
	old := dial(t, address)
	require.Equal(t, "a", old.line(t))

	front.Set(b, true)
	front.Set(a, false)
	for range 5 {
		require.Equal(t, "b", dial(t, address).line(t))
	}
	old.echo(t, "still here")

	front.Remove(a)
	old.echo(t, "and here")
	front.Set(b, false)
	front.Set(a, true)
	require.Equal(t, "a", dial(t, address).line(t), "it is back")
}

func TestWithoutAReadyGatewayClientsGet503(t *testing.T) {
	front, address := startFront(t, Options{})
	response, body, err := get(address)
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	require.Equal(t, "1", response.Header.Get("Retry-After"))
	require.Equal(t, "no gateway is ready, try again in a moment\n", body)

	gateway := startGateway(t, "a")
	front.Set(gateway.Addr().String(), true)
	require.Equal(t, "a", dial(t, address).line(t))
	require.NoError(t, gateway.Close())
	response, _, err = get(address)
	require.NoError(t, err, "a gateway that is ready but gone is no reason to close without an answer")
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
}

func TestUnreachableGatewayIsPassedOver(t *testing.T) {
	front, address := startFront(t, Options{})
	gone := startGateway(t, "gone")
	front.Set(gone.Addr().String(), true)
	require.NoError(t, gone.Close())
	front.Set(startGateway(t, "a").Addr().String(), true)
	for range 4 {
		require.Equal(t, "a", dial(t, address).line(t))
	}
}

func TestHalfClosePassesThrough(t *testing.T) {
	front, address := startFront(t, Options{})
	front.Set(startGateway(t, "a").Addr().String(), true)
	c := dial(t, address)
	require.Equal(t, "a", c.line(t))
	c.echo(t, strings.Repeat("x", 100_000))
	require.NoError(t, c.CloseWrite())
	require.Equal(t, "bye", c.line(t))
	_, err := c.lines.ReadByte()
	require.ErrorIs(t, err, io.EOF)
}

func TestOverTheLimitClientsGet503(t *testing.T) {
	front, address := startFront(t, Options{MaxConnections: 2})
	front.Set(startGateway(t, "a").Addr().String(), true)
	first, second := dial(t, address), dial(t, address)
	require.Equal(t, "a", first.line(t))
	require.Equal(t, "a", second.line(t))
	require.Equal(t, "HTTP/1.1 503 Service Unavailable\r", dial(t, address).line(t))

	require.NoError(t, first.Close())
	require.Eventually(t, func() bool {
		c := dial(t, address)
		text, err := c.lines.ReadString('\n')
		return err == nil && text == "a\n"
	}, patience, 5*time.Millisecond)
}

func TestCloseEndsConnections(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	front := New(listener, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- front.Serve(ctx) }()
	front.Set(startGateway(t, "a").Addr().String(), true)
	c := dial(t, listener.Addr().String())
	require.Equal(t, "a", c.line(t))

	cancel()
	require.NoError(t, <-served)
	c.echo(t, "connections outlive Serve")
	_, err = net.Dial("tcp", listener.Addr().String())
	require.Error(t, err)

	require.NoError(t, front.Close())
	_, err = c.lines.ReadByte()
	require.Error(t, err)
	require.Zero(t, front.active())
}

// active returns how many connections go to gateways.
func (f *Front) active() int {
	f.pool.mu.Lock()
	defer f.pool.mu.Unlock()
	n := 0
	for _, b := range f.pool.backends {
		n += b.active
	}
	return n
}
