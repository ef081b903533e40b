package link

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/hub"
)

// patience is how long a test waits for what must happen: the machine may be busy.
const patience = 60 * time.Second

const (
	bootA hub.Boot = 0xa
	bootB hub.Boot = 0xb
	bootC hub.Boot = 0xc
)

// TestMain fails when a goroutine that a link started outlives all tests.
func TestMain(m *testing.M) {
	code := m.Run()
	for range 100 {
		stacks := linkGoroutines()
		if stacks == "" {
			os.Exit(code)
		}
		time.Sleep(20 * time.Millisecond)
	}
	fmt.Fprintln(os.Stderr, "leaked goroutines:\n"+linkGoroutines())
	os.Exit(1)
}

func linkGoroutines() string {
	buf := make([]byte, 4<<20)
	var out []string
	for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "mesh/link.") && !strings.Contains(g, "TestMain") {
			out = append(out, g)
		}
	}
	return strings.Join(out, "\n\n")
}

// fast are intervals for tests; silence is long, since the machine may be busy.
func fast() Timing {
	return Timing{
		Heartbeat: 20 * time.Millisecond, Silence: 20 * time.Second, BackoffMin: time.Millisecond, BackoffMax: 20 * time.Millisecond,
		Handshake: 20 * time.Second, Dial: 20 * time.Second, Replace: 10 * time.Second,
	}
}

// clientTLS is what a sender with these keys presents to a boot.
func clientTLS(keys *keyring.Keyring, peer hub.Boot) func() *tls.Config {
	return func() *tls.Config { return keys.ClientConfig(peer) }
}

func testKeys(t testing.TB, cluster string, boot hub.Boot) *keyring.Keyring {
	t.Helper()
	r, err := keyring.New(keyring.Identity{Cluster: cluster, Boot: boot}, keyring.Insecure("link tests"))
	require.NoError(t, err)
	return r
}

func self(boot hub.Boot) Self {
	return Self{Cluster: "test", Boot: boot, Node: "node-" + boot.String(), Advertise: "127.0.0.1:1", AppVersion: "v1"}
}

// node is a receiver behind a listener, with the connections that it has accepted.
type node struct {
	*Receiver
	t        testing.TB
	listener net.Listener
	handler  *recorder
	mu       sync.Mutex
	conns    map[net.Conn]struct{}
	refused  map[Reason]int
	serving  sync.WaitGroup
}

func startNode(t testing.TB, boot hub.Boot, change ...func(*ReceiverConfig)) *node {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return startNodeOn(t, listener, boot, change...)
}

func startNodeOn(t testing.TB, listener net.Listener, boot hub.Boot, change ...func(*ReceiverConfig)) *node {
	t.Helper()
	n := &node{t: t, listener: listener, handler: newRecorder(), conns: map[net.Conn]struct{}{}, refused: map[Reason]int{}}
	cfg := ReceiverConfig{
		Self: self(boot), TLS: testKeys(t, "test", boot).ServerConfig(), Handler: n.handler, Timing: fast(),
		OnRefused: func(reason Reason, _ net.Addr, _ error) {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.refused[reason]++
		},
	}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	n.Receiver, err = NewReceiver(cfg)
	require.NoError(t, err)
	n.serving.Go(n.accept)
	t.Cleanup(n.stop)
	return n
}

func (n *node) stop() {
	_ = n.listener.Close()
	n.Close()
	n.serving.Wait()
}

func (n *node) accept() {
	for {
		conn, err := n.listener.Accept()
		if err != nil {
			return
		}
		n.mu.Lock()
		n.conns[conn] = struct{}{}
		n.mu.Unlock()
		n.serving.Go(func() {
			defer func() {
				n.mu.Lock()
				delete(n.conns, conn)
				n.mu.Unlock()
			}()
			var first [1]byte
			if _, err := io.ReadFull(conn, first[:]); err != nil || first[0] != FirstByte {
				_ = conn.Close()
				return
			}
			n.Serve(context.Background(), conn)
		})
	}
}

// reset breaks all connections from the receiver's side, unsent and unread data included.
func (n *node) reset() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for conn := range n.conns {
		resetConn(conn)
	}
}

func resetConn(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func (n *node) refusals(reason Reason) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.refused[reason]
}

func (n *node) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", n.listener.Addr().String())
}

// recorder is a handler that keeps what it gets. onFrame, if set, may change what becomes of a frame.
type recorder struct {
	mu       sync.Mutex
	frames   map[hub.Boot][]uint64
	bodies   map[hub.Boot][]string
	kinds    []Kind
	streams  []Stream
	peers    []Peer
	eofs     []error
	activity int
	hello    error
	onFrame  func(peer *Peer, f Frame) error
	onStream func(peer *Peer, s Stream)
	running  map[hub.Boot]bool
	overlaps int
}

func newRecorder() *recorder {
	return &recorder{frames: map[hub.Boot][]uint64{}, bodies: map[hub.Boot][]string{}, running: map[hub.Boot]bool{}}
}

func (r *recorder) OnHello(peer *Peer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.peers = append(r.peers, *peer)
	return r.hello
}

func (r *recorder) OnStream(peer *Peer, s Stream) {
	r.enter(peer.Boot)
	defer r.leave(peer.Boot)
	r.mu.Lock()
	r.streams = append(r.streams, s)
	hook := r.onStream
	r.mu.Unlock()
	if hook != nil {
		hook(peer, s)
	}
}

func (r *recorder) Knows(kind Kind) bool { return kind&^Optional < 0x40 }

func (r *recorder) OnFrame(peer *Peer, f Frame) error {
	r.enter(peer.Boot)
	defer r.leave(peer.Boot)
	r.mu.Lock()
	hook := r.onFrame
	r.mu.Unlock()
	if hook != nil {
		if err := hook(peer, f); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frames[peer.Boot] = append(r.frames[peer.Boot], f.Seq)
	r.bodies[peer.Boot] = append(r.bodies[peer.Boot], string(f.Body))
	r.kinds = append(r.kinds, f.Kind)
	return nil
}

func (r *recorder) OnActivity(hub.Boot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.activity++
}

func (r *recorder) OnEOF(boot hub.Boot, err error) {
	r.enter(boot)
	defer r.leave(boot)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.eofs = append(r.eofs, err)
}

// enter and leave find calls for one boot that overlap.
func (r *recorder) enter(boot hub.Boot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running[boot] {
		r.overlaps++
	}
	r.running[boot] = true
}

func (r *recorder) leave(boot hub.Boot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running[boot] = false
}

func (r *recorder) set(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

// get returns what read finds under the lock.
func get[T any](r *recorder, read func() T) T {
	r.mu.Lock()
	defer r.mu.Unlock()
	return read()
}

func (r *recorder) received(boot hub.Boot) []string {
	return get(r, func() []string { return append([]string(nil), r.bodies[boot]...) })
}

func (r *recorder) seqs(boot hub.Boot) []uint64 {
	return get(r, func() []uint64 { return append([]uint64(nil), r.frames[boot]...) })
}

func (r *recorder) streamList() []Stream {
	return get(r, func() []Stream { return append([]Stream(nil), r.streams...) })
}

// events records a sender's callbacks.
type events struct {
	mu      sync.Mutex
	linked  []Linked
	acks    []uint64
	resets  []Reset
	downs   []error
	refused []error
	onReset func()
	running int
	overlap bool
}

func (e *events) callbacks() SenderEvents {
	return SenderEvents{
		OnLinked:  func(l Linked) { e.note(func() { e.linked = append(e.linked, l) }) },
		OnAck:     func(a uint64) { e.note(func() { e.acks = append(e.acks, a) }) },
		OnDown:    func(err error) { e.note(func() { e.downs = append(e.downs, err) }) },
		OnRefused: func(err error) { e.note(func() { e.refused = append(e.refused, err) }) },
		OnReset: func(r Reset) {
			e.note(func() { e.resets = append(e.resets, r) })
			if e.onReset != nil {
				e.onReset()
			}
		},
	}
}

func (e *events) note(add func()) {
	e.mu.Lock()
	e.running++
	e.overlap = e.overlap || e.running > 1
	e.mu.Unlock()
	runtime.Gosched()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running--
	add()
}

func count[T any](e *events, list *[]T) func() int {
	return func() int {
		e.mu.Lock()
		defer e.mu.Unlock()
		return len(*list)
	}
}

// startSender returns a running sender from boot a to n.
func startSender(t testing.TB, n *node, peer hub.Boot, change ...func(*SenderConfig)) (*Sender, *events) {
	t.Helper()
	s, e := newSender(t, n, peer, change...)
	s.Start()
	return s, e
}

func newSender(t testing.TB, n *node, peer hub.Boot, change ...func(*SenderConfig)) (*Sender, *events) {
	t.Helper()
	e := &events{}
	cfg := SenderConfig{
		Self: self(bootA), Peer: peer, PeerName: "peer", Dial: n.dial, TLS: clientTLS(testKeys(t, "test", bootA), peer),
		Events: e.callbacks(), Timing: fast(),
	}
	for _, c := range change {
		c(&cfg)
	}
	s, err := NewSender(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		s.Close()
		require.False(t, e.overlap, "callbacks overlap")
	})
	return s, e
}

// eventually waits for a condition.
func eventually(t testing.TB, cond func() bool, what string, args ...any) {
	t.Helper()
	require.Eventually(t, cond, patience, time.Millisecond, append([]any{what}, args...)...)
}

func awaitState(t testing.TB, s *Sender, want State) Status {
	t.Helper()
	eventually(t, func() bool { return s.Status().State == want }, "state %s", want)
	return s.Status()
}

func flush(t testing.TB, s *Sender) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, s.Flush(ctx))
}

// number is a frame body that says which frame it is.
func number(i uint64) []byte { return binary.BigEndian.AppendUint64(nil, i) }

var errTest = errors.New("test says no")
