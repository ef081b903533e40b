package load

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// A netTransport has a goroutine for each connection. It works everywhere, and with TLS.
type netTransport struct {
	e       *engine
	sources []netip.Addr
	next    int
	ctx     context.Context //nolint:containedctx // of the whole transport, ended by stop
	stop    context.CancelFunc
	wg      sync.WaitGroup
}

// A netLink is a connection's part of it.
type netLink struct {
	mu     sync.Mutex
	conn   net.Conn
	cutOff bool
	paused bool
	life   int // counts the dials, so that the goroutine of an old life does nothing to a new one
}

var errCut = errors.New(cutByUs)

func newNetTransport(e *engine, sources []netip.Addr) *netTransport {
	t := &netTransport{e: e, sources: sources}
	t.ctx, t.stop = context.WithCancel(context.Background())
	return t
}

func (t *netTransport) dial(c *conn) {
	dialer := net.Dialer{}
	if len(t.sources) > 0 {
		dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(t.sources[t.next%len(t.sources)], 0))
		t.next++
	}
	c.net.mu.Lock()
	c.net.conn, c.net.cutOff, c.net.paused = nil, false, false
	c.net.life++
	life := c.net.life
	c.net.mu.Unlock()
	t.wg.Go(func() {
		err := t.serve(c, &dialer, life)
		t.e.mu.Lock()
		defer t.e.mu.Unlock()
		if c.net.life == life && c.phase != ended {
			c.gone(err)
		}
	})
}

func (t *netTransport) serve(c *conn, dialer *net.Dialer, life int) error {
	dial := dialer.DialContext
	if c.target.secure {
		config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: hostname(c.target.host)}
		dial = (&tls.Dialer{NetDialer: dialer, Config: config}).DialContext
	}
	nc, err := dial(t.ctx, "tcp", c.target.addr.String())
	if err != nil {
		return err
	}
	defer func() { _ = nc.Close() }()
	stop := context.AfterFunc(t.ctx, func() { _ = nc.Close() })
	defer stop()
	t.e.mu.Lock()
	c.net.mu.Lock()
	cut := c.net.cutOff || c.net.life != life
	if !cut {
		c.net.conn = nc
	}
	c.net.mu.Unlock()
	if !cut {
		c.connected()
	}
	t.e.mu.Unlock()
	if cut {
		return errCut
	}
	return t.read(c, nc, life)
}

func (t *netTransport) read(c *conn, nc net.Conn, life int) error {
	buf := make([]byte, 4<<10)
	for {
		n, err := nc.Read(buf)
		t.e.mu.Lock()
		if c.net.life == life && c.phase != ended && n > 0 {
			if bad := c.received(buf[:n]); bad != nil {
				err = bad
			}
		}
		paused := c.net.paused
		t.e.mu.Unlock()
		if err != nil {
			return err
		}
		if paused {
			<-t.ctx.Done()
			return errCut
		}
	}
}

// sendTimeout bounds a write to a server that does not read: it holds up everything else in this transport.
const sendTimeout = 10 * time.Second

func (t *netTransport) send(c *conn, b []byte) {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	if c.net.conn == nil || c.net.cutOff {
		return
	}
	_ = c.net.conn.SetWriteDeadline(time.Now().Add(sendTimeout))
	if _, err := c.net.conn.Write(b); err != nil {
		_ = c.net.conn.Close() // the reader tells
	}
}

func (t *netTransport) pending(*conn) int { return 0 }

func (t *netTransport) cut(c *conn) {
	c.net.mu.Lock()
	c.net.cutOff = true
	if c.net.conn != nil {
		_ = c.net.conn.Close()
	}
	c.net.mu.Unlock()
	c.gone(errCut)
}

func (t *netTransport) pause(c *conn) { c.net.paused = true }

func (t *netTransport) run(ctx context.Context) error {
	<-ctx.Done()
	t.stop()
	t.wg.Wait()
	return nil
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}
