package transport

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/stretchr/testify/require"
)

const patience = 30 * time.Second

// drops collects what a transport closed by itself.
type drops struct {
	mu     sync.Mutex
	counts map[DropReason]int
}

func (d *drops) count(reason DropReason, _ net.Addr) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.counts == nil {
		d.counts = map[DropReason]int{}
	}
	d.counts[reason]++
}

func (d *drops) of(reason DropReason) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.counts[reason]
}

func (d *drops) await(t *testing.T, reason DropReason, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return d.of(reason) == n }, patience, time.Millisecond, "%d drops for %s", n, reason)
}

// start returns a transport on loopback whose links are closed at once unless cfg says otherwise.
func start(t *testing.T, cfg Config) *Transport {
	t.Helper()
	if !cfg.Bind.IsValid() {
		cfg.Bind = netip.MustParseAddrPort("127.0.0.1:0")
	}
	if cfg.OnLink == nil {
		cfg.OnLink = func(_ context.Context, conn net.Conn) { _ = conn.Close() }
	}
	tr, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tr.Shutdown()) })
	return tr
}

// TestMain fails when a goroutine that a transport started outlives all tests.
func TestMain(m *testing.M) {
	code := m.Run()
	buf := make([]byte, 1<<20)
	stacks := string(buf[:runtime.Stack(buf, true)])
	if strings.Contains(stacks, "(*Transport)") || strings.Contains(stacks, "(*NetTransport)") {
		fmt.Fprintln(os.Stderr, "leaked goroutines:\n"+stacks)
		code = 1
	}
	os.Exit(code)
}

func dial(t *testing.T, tr *Transport, first ...byte) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", tr.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	if len(first) > 0 {
		_, err = conn.Write(first)
		require.NoError(t, err)
	}
	return conn
}

// requireClosed waits for the other side to end the connection.
func requireClosed(t *testing.T, conn net.Conn) {
	t.Helper()
	_, err := conn.Read(make([]byte, 1))
	require.Error(t, err)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the other side kept the connection")
}

func TestLinksAndMemberlistShareThePort(t *testing.T) {
	got := make(chan string, 1)
	tr := start(t, Config{OnLink: func(_ context.Context, conn net.Conn) {
		defer func() { _ = conn.Close() }()
		b, _ := io.ReadAll(conn)
		got <- string(b)
	}})
	link := dial(t, tr, append([]byte{LinkByte}, "link"...)...)
	require.NoError(t, link.Close())
	require.Equal(t, "link", <-got)

	for _, first := range []byte{0, lastMemberlistType, memberlistLabelByte} {
		conn := dial(t, tr, append([]byte{first}, "stream"...)...)
		require.NoError(t, conn.Close())
		stream := <-tr.StreamCh()
		b, err := io.ReadAll(stream)
		require.NoError(t, err)
		require.Equal(t, append([]byte{first}, "stream"...), b)
		require.NoError(t, stream.Close())
	}
}

func TestFirstByteAlone(t *testing.T) {
	tr := start(t, Config{})
	conn := dial(t, tr, 6)
	stream := <-tr.StreamCh()
	b := make([]byte, 8)
	n, err := stream.Read(b)
	require.NoError(t, err)
	require.Equal(t, []byte{6}, b[:n])
	_, err = conn.Write([]byte("x"))
	require.NoError(t, err)
	n, err = stream.Read(b)
	require.NoError(t, err)
	require.Equal(t, "x", string(b[:n]))
	require.NoError(t, stream.Close())
}

func TestDrops(t *testing.T) {
	var d drops
	tr := start(t, Config{OnDrop: d.count, FirstByteTimeout: patience}) // a machine that stands still makes no garbage silent
	for _, garbage := range []byte{14, 'G', 0x16, 243, 245, 255} {
		requireClosed(t, dial(t, tr, garbage))
	}
	d.await(t, DropGarbage, 6)
	tr = start(t, Config{OnDrop: d.count, FirstByteTimeout: 50 * time.Millisecond})
	requireClosed(t, dial(t, tr))
	d.await(t, DropSilent, 1)
}

func TestStreamThatEndsAtOnceIsCounted(t *testing.T) {
	var d drops
	tr := start(t, Config{OnDrop: d.count})
	require.NoError(t, dial(t, tr).Close())
	d.await(t, DropClosed, 1)
}

func TestSilentStreamsCannotKeepPeersOut(t *testing.T) {
	var d drops
	links := make(chan struct{}, 100)
	tr := start(t, Config{
		OnDrop: d.count, MaxUndecided: 4, FirstByteTimeout: patience,
		OnLink: func(_ context.Context, conn net.Conn) { links <- struct{}{}; _ = conn.Close() },
	})
	for range 20 {
		dial(t, tr)
	}
	d.await(t, DropCrowded, 16)
	dial(t, tr, LinkByte)
	<-links
	require.LessOrEqual(t, tr.undecided.Len(), 4)
}

func TestShutdownEndsEverything(t *testing.T) {
	handling := make(chan struct{})
	tr := start(t, Config{OnLink: func(ctx context.Context, conn net.Conn) {
		close(handling)
		<-ctx.Done()
		_ = conn.Close()
	}})
	silent, link := dial(t, tr), dial(t, tr, LinkByte)
	<-handling
	untaken := dial(t, tr, 6)
	// Nobody takes packets either: memberlist never ran.
	udp, err := net.Dial("udp", tr.Addr().String())
	require.NoError(t, err)
	for range 10 {
		_, err = udp.Write([]byte("packet"))
		require.NoError(t, err)
	}
	require.NoError(t, udp.Close())
	require.NoError(t, tr.Shutdown())
	require.NoError(t, tr.Shutdown())
	requireClosed(t, silent)
	requireClosed(t, link)
	requireClosed(t, untaken)
	_, err = net.Dial("tcp", tr.Addr().String())
	require.Error(t, err)
}

func TestPortIsTheSameForUDPAndTCP(t *testing.T) {
	tr := start(t, Config{})
	require.NotZero(t, tr.Addr().Port())
	_, err := net.ListenPacket("udp", tr.Addr().String())
	require.Error(t, err, "UDP is bound")
	_, err = net.Listen("tcp", tr.Addr().String())
	require.Error(t, err, "TCP is bound")
	_, err = New(Config{Bind: tr.Addr(), OnLink: func(context.Context, net.Conn) {}})
	require.ErrorContains(t, err, fmt.Sprint("binding the mesh port on ", tr.Addr()))
}

func TestConfigIsChecked(t *testing.T) {
	_, err := New(Config{Bind: netip.MustParseAddrPort("127.0.0.1:0")})
	require.ErrorContains(t, err, "OnLink is missing")
	_, err = New(Config{Bind: netip.MustParseAddrPort("[fe80::1%lo]:0"), OnLink: func(context.Context, net.Conn) {}})
	require.ErrorContains(t, err, "has a zone")
}

// TestMemberlistRunsOnIt joins two members with a key and a label, and sends over packets and over streams.
func TestMemberlistRunsOnIt(t *testing.T) {
	var d drops
	members := make([]*memberlist.Memberlist, 2)
	delegates := make([]*delegate, 2)
	for i := range members {
		tr := start(t, Config{OnDrop: d.count})
		cfg := memberlist.DefaultLocalConfig()
		cfg.Name = fmt.Sprint("node-", i)
		cfg.Transport, cfg.Label, cfg.SecretKey = tr, "prod", make([]byte, 32)
		cfg.AdvertisePort = int(tr.Addr().Port())
		cfg.Logger = log.New(io.Discard, "", 0)
		delegates[i] = &delegate{got: make(chan string, 10)}
		cfg.Delegate = delegates[i]
		m, err := memberlist.Create(cfg)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, m.Shutdown()) })
		members[i] = m
	}
	_, err := members[1].Join([]string{members[0].LocalNode().Address()})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return members[0].NumMembers() == 2 }, patience, time.Millisecond)
	to := members[0].LocalNode()
	require.NoError(t, members[1].SendReliable(to, []byte("stream")))
	require.Equal(t, "stream", <-delegates[0].got)
	require.NoError(t, members[1].SendBestEffort(to, []byte("packet")))
	require.Equal(t, "packet", <-delegates[0].got)
	require.Zero(t, d.of(DropGarbage))
}

// delegate is a memberlist delegate that only listens.
type delegate struct{ got chan string }

func (d *delegate) NotifyMsg(b []byte)              { d.got <- string(b) }
func (d *delegate) NodeMeta(int) []byte             { return nil }
func (d *delegate) GetBroadcasts(int, int) [][]byte { return nil }
func (d *delegate) LocalState(bool) []byte          { return nil }
func (d *delegate) MergeRemoteState([]byte, bool)   {}
