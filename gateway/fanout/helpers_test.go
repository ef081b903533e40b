package fanout

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

// patience is how long a test waits for what must happen: long, because the machine may be busy.
const patience = 30 * time.Second

// newPool returns a pool that is closed at the end of the test, after which none of its goroutines may be left.
func newPool(t testing.TB, opts Options) *Pool {
	t.Helper()
	p, err := NewPool(opts)
	require.NoError(t, err)
	t.Cleanup(func() {
		p.Close()
		requireNoGoroutines(t)
	})
	return p
}

// requireNoGoroutines fails when goroutines run this package's product code.
func requireNoGoroutines(t testing.TB) {
	t.Helper()
	var left []string
	eventually(t, func() bool {
		left = left[:0]
		buf := make([]byte, 4<<20)
		for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if strings.Contains(g, "fanout.(*shard)") || strings.Contains(g, "fanout.(*Socket)") {
				left = append(left, g)
			}
		}
		return len(left) == 0
	}, func() string { return "goroutines left:\n" + strings.Join(left, "\n\n") })
}

func eventually(t testing.TB, condition func() bool, message func() string) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			require.Fail(t, "waited in vain", message())
		}
	}
}

// tcpPair returns the two ends of a connection over loopback.
func tcpPair(t testing.TB) (server, client *net.TCPConn) {
	t.Helper()
	return narrowPair(t, 0)
}

// narrowPair is tcpPair with a receive buffer of the client's that is set before it connects: set later, the kernel drops
// what it has already promised to take, and sends it again slower and slower.
func narrowPair(t testing.TB, receiveBuffer int) (server, client *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		if receiveBuffer == 0 {
			return nil
		}
		return raw.Control(func(fd uintptr) {
			if err := syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, receiveBuffer); err != nil {
				t.Errorf("setting SO_RCVBUF: %v", err)
			}
		})
	}}
	c, err := dialer.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	s, err := ln.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { s.Close(); c.Close() })
	return s.(*net.TCPConn), c.(*net.TCPConn)
}

// closings records the callbacks of a socket.
type closings struct {
	mu     sync.Mutex
	slow   []Reason
	closed []Reason
	errs   []error
	done   chan struct{}
}

func newClosings() *closings { return &closings{done: make(chan struct{})} }

func (c *closings) options() SocketOptions {
	return SocketOptions{
		OnSlow: func(r Reason) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.slow = append(c.slow, r)
		},
		OnClosed: func(r Reason, err error) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.closed = append(c.closed, r)
			c.errs = append(c.errs, err)
			if len(c.closed) == 1 {
				close(c.done)
			}
		},
	}
}

// wait returns the reason and error of the close.
func (c *closings) wait(t testing.TB) (Reason, error) {
	t.Helper()
	select {
	case <-c.done:
	case <-time.After(patience):
		require.Fail(t, "the socket was not closed")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	require.Len(t, c.closed, 1, "OnClosed is called once")
	return c.closed[0], c.errs[0]
}

func (c *closings) slowReasons() []Reason {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Reason(nil), c.slow...)
}

// attached returns a socket, its callbacks and the peer's end.
func attached(t testing.TB, p *Pool) (*Socket, *closings, *net.TCPConn) {
	t.Helper()
	return attachedNarrow(t, p, 0)
}

// attachedNarrow is attached with a receive buffer of the peer's.
func attachedNarrow(t testing.TB, p *Pool, receiveBuffer int) (*Socket, *closings, *net.TCPConn) {
	t.Helper()
	server, client := narrowPair(t, receiveBuffer)
	c := newClosings()
	s, err := p.Attach(server, c.options())
	require.NoError(t, err)
	return s, c, client
}

// text returns a text frame of a server.
func text(payload string) []byte {
	switch n := len(payload); {
	case n < 126:
		return append([]byte{0x81, byte(n)}, payload...)
	case n < 1<<16:
		return append([]byte{0x81, 126, byte(n >> 8), byte(n)}, payload...)
	default:
		return append([]byte{0x81, 127, 0, 0, 0, 0, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, payload...)
	}
}

// payload returns what is in a frame.
func payload(frame []byte) string {
	switch frame[1] {
	case 126:
		return string(frame[4:])
	case 127:
		return string(frame[10:])
	default:
		return string(frame[2:])
	}
}

// tooSlow is a close frame with 4008.
var tooSlow = []byte{0x88, 2, 4008 >> 8, 4008 & 0xff}

// goingAway is a close frame with 1001.
var goingAway = []byte{0x88, 2, 1001 >> 8, 1001 & 0xff}

// readFrame returns the next frame, header included.
func readFrame(r *bufio.Reader) ([]byte, error) {
	for have := 2; ; {
		head, err := r.Peek(have)
		if err != nil {
			return nil, err
		}
		size, err := frameSize(head)
		if err != nil {
			return nil, err
		}
		if size > 0 {
			frame := make([]byte, size)
			_, err = io.ReadFull(r, frame)
			return frame, err
		}
		have = map[byte]int{126: 4, 127: 10}[head[1]]
	}
}

// publishTo queues a frame on every socket, a few of them at a time between Cork and Uncork or all without, and returns how many took
// it.
func publishTo(p *Pool, sockets []*Socket, frame []byte, corked bool) (taken int64) {
	for few := range slices.Chunk(sockets, 10) {
		if corked {
			p.Cork()
		}
		for _, s := range few {
			if s.Enqueue(frame) == nil {
				taken++
			}
		}
		if corked {
			p.Uncork()
		}
	}
	return taken
}

// readAll returns every frame until the end of the stream.
func readAll(t testing.TB, conn net.Conn) [][]byte {
	t.Helper()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	r := bufio.NewReader(conn)
	var frames [][]byte
	for {
		f, err := readFrame(r)
		if errors.Is(err, io.EOF) {
			return frames
		}
		require.NoError(t, err)
		frames = append(frames, f)
	}
}

// stuckConn is a RawConn on which writes hang until it is released, which makes a shard lag.
type stuckConn struct {
	syscall.RawConn
	entered chan struct{}
	release chan struct{}
	once    sync.Once
}

func (c *stuckConn) Write(f func(uintptr) bool) error {
	c.once.Do(func() { close(c.entered) })
	<-c.release
	return c.RawConn.Write(f)
}

// stick makes the only shard of a pool hang in a write until the returned function is called.
func stick(t testing.TB, p *Pool) (release func()) {
	t.Helper()
	require.Len(t, p.shards, 1)
	s, _, _ := attached(t, p)
	stuck := &stuckConn{RawConn: s.raw, entered: make(chan struct{}), release: make(chan struct{})}
	s.raw = stuck
	require.NoError(t, s.Enqueue(text("stuck")))
	<-stuck.entered
	release = sync.OnceFunc(func() { close(stuck.release) })
	t.Cleanup(release)
	return release
}

// metricsOf returns counters and gauges by name and reason.
func metricsOf(t testing.TB, p *Pool) map[string]float64 {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	require.NoError(t, reg.Register(p.Collector()))
	families, err := reg.Gather()
	require.NoError(t, err)
	values := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := strings.TrimPrefix(f.GetName(), metricPrefix)
			for _, l := range m.GetLabel() {
				name = fmt.Sprintf("%s:%s", name, l.GetValue())
			}
			values[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return values
}
