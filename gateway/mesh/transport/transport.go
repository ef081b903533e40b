package transport

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/starling-realtime/starling/gateway/mesh/transport/lobby"
)

// bindAttempts is how often a port is picked for TCP before giving up to find one that is also free for UDP.
const bindAttempts = 20

// A Transport is a [memberlist.NodeAwareTransport]. All methods are safe for concurrent use.
type Transport struct {
	cfg   Config
	inner *memberlist.NetTransport
	// streams are memberlist's, first byte included.
	streams   chan net.Conn
	undecided *lobby.Lobby

	ctx    context.Context
	cancel context.CancelFunc
	// running counts the accept loop and one goroutine for each stream that memberlist has not taken over.
	running sync.WaitGroup
	// innerDone is closed when memberlist's own goroutines have ended and nothing more comes out of its channels.
	innerDone chan struct{}
	shutdown  sync.Once
}

var _ memberlist.NodeAwareTransport = (*Transport)(nil)

// New binds the ports and starts to accept.
func New(cfg Config) (*Transport, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	inner, err := listen(cfg)
	if err != nil {
		return nil, err
	}
	t := &Transport{
		cfg:       cfg,
		inner:     inner,
		streams:   make(chan net.Conn),
		undecided: lobby.New(cfg.MaxUndecided),
		innerDone: make(chan struct{}),
	}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.running.Go(t.accept)
	return t, nil
}

func listen(cfg Config) (*memberlist.NetTransport, error) {
	attempts := 1
	if cfg.Bind.Port() == 0 {
		attempts = bindAttempts
	}
	var err error
	for range attempts {
		var inner *memberlist.NetTransport
		inner, err = memberlist.NewNetTransport(&memberlist.NetTransportConfig{
			BindAddrs: []string{cfg.host()},
			BindPort:  int(cfg.Bind.Port()),
			Logger:    slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelWarn),
		})
		if err == nil {
			return inner, nil
		}
	}
	return nil, fmt.Errorf("binding the mesh port on %s: %w", cfg.Bind, err)
}

// accept takes streams until memberlist's listener has ended.
func (t *Transport) accept() {
	for {
		select {
		case conn := <-t.inner.StreamCh():
			t.running.Go(func() { t.decide(conn) })
		case <-t.innerDone:
			return
		}
	}
}

// Addr returns the bound address and port; the port is never 0. Bound to all addresses it is an unspecified one.
func (t *Transport) Addr() netip.AddrPort {
	addr := t.cfg.Bind.Addr().Unmap()
	if !addr.IsValid() {
		addr = netip.IPv6Unspecified()
	}
	return netip.AddrPortFrom(addr, uint16(t.inner.GetAutoBindPort()))
}

// WriteTo implements [memberlist.Transport].
func (t *Transport) WriteTo(b []byte, addr string) (time.Time, error) {
	return t.inner.WriteTo(b, addr)
}

// WriteToAddress implements [memberlist.NodeAwareTransport].
func (t *Transport) WriteToAddress(b []byte, addr memberlist.Address) (time.Time, error) {
	return t.inner.WriteToAddress(b, addr)
}

// PacketCh implements [memberlist.Transport].
func (t *Transport) PacketCh() <-chan *memberlist.Packet { return t.inner.PacketCh() }

// DialTimeout implements [memberlist.Transport].
func (t *Transport) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	return t.inner.DialTimeout(addr, timeout)
}

// DialAddressTimeout implements [memberlist.NodeAwareTransport].
func (t *Transport) DialAddressTimeout(addr memberlist.Address, timeout time.Duration) (net.Conn, error) {
	return t.inner.DialAddressTimeout(addr, timeout)
}

// StreamCh implements [memberlist.Transport]: it yields memberlist's streams, first byte included.
func (t *Transport) StreamCh() <-chan net.Conn { return t.streams }

// Shutdown closes the ports and all undecided streams, cancels the handlers' contexts, and returns when all goroutines
// have ended. It may be called several times, also when memberlist never ran.
func (t *Transport) Shutdown() error {
	var err error
	t.shutdown.Do(func() {
		t.cancel()
		t.undecided.Close()
		var drain sync.WaitGroup
		drain.Go(t.discardPackets)
		err = t.inner.Shutdown()
		close(t.innerDone)
		drain.Wait()
	})
	t.running.Wait()
	return err
}

// discardPackets lets memberlist's packet listener end: it may be stuck in handing over a packet that nobody takes.
func (t *Transport) discardPackets() {
	for {
		select {
		case <-t.inner.PacketCh():
		case <-t.innerDone:
			return
		}
	}
}
