package load

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A link is the transport's part of a connection.
type link struct {
	net  netLink
	poll pollLink
}

func newTransport(e *engine, sources []netip.Addr, secure bool) (transport, error) {
	if secure {
		return newNetTransport(e, sources), nil
	}
	return newPollTransport(e, sources)
}

// A pollTransport reads all connections in one goroutine, by epoll.
type pollTransport struct {
	e       *engine
	epoll   int
	sources []netip.Addr
	next    int
	byFD    map[int32]*conn // belongs to the engine's lock
	buf     []byte
}

// A pollLink is a connection's part of it.
type pollLink struct {
	mu      sync.Mutex
	fd      int // 0: none
	out     []byte
	waiting bool // for the socket to take bytes
	paused  bool
}

func newPollTransport(e *engine, sources []netip.Addr) (*pollTransport, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return &pollTransport{e: e, epoll: fd, sources: sources, byFD: map[int32]*conn{}, buf: make([]byte, 256<<10)}, nil
}

func (t *pollTransport) dial(c *conn) {
	if err := t.connect(c); err != nil {
		c.gone(err)
	}
}

func (t *pollTransport) connect(c *conn) error {
	family := unix.AF_INET
	if c.target.addr.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	if err := t.begin(c, fd); err != nil {
		_ = unix.Close(fd)
		return err
	}
	t.byFD[int32(fd)] = c
	p := &c.poll
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fd, p.out, p.waiting, p.paused = fd, nil, true, false
	return nil
}

// begin binds, connects and waits for that.
func (t *pollTransport) begin(c *conn, fd int) error {
	if len(t.sources) > 0 {
		// The port is chosen when the connection's four addresses are known, so that one port serves several of them.
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
		from := netip.AddrPortFrom(t.sources[t.next%len(t.sources)], 0)
		t.next++
		if err := unix.Bind(fd, sockaddr(from)); err != nil {
			return os.NewSyscallError("bind "+from.Addr().String(), err)
		}
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err := unix.Connect(fd, sockaddr(c.target.addr)); err != nil && err != unix.EINPROGRESS {
		return os.NewSyscallError("connect", err)
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT, Fd: int32(fd)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(t.epoll, unix.EPOLL_CTL_ADD, fd, &event))
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

// pollMillis is how late the end of the context may be noticed.
const pollMillis = 100

func (t *pollTransport) run(ctx context.Context) error {
	defer func() { _ = unix.Close(t.epoll) }()
	events := make([]unix.EpollEvent, 512)
	for ctx.Err() == nil {
		n, err := unix.EpollWait(t.epoll, events, pollMillis)
		if err != nil && err != unix.EINTR {
			return os.NewSyscallError("epoll_wait", err)
		}
		t.e.mu.Lock()
		for i := range max(0, n) {
			if c := t.byFD[events[i].Fd]; c != nil {
				t.handle(c, events[i].Events)
			}
		}
		t.e.mu.Unlock()
	}
	t.e.drop()
	return nil
}

// handle works on one connection that something happened to.
func (t *pollTransport) handle(c *conn, events uint32) {
	if c.phase == dialing {
		if !t.connected(c) {
			return
		}
	}
	if events&unix.EPOLLOUT != 0 {
		t.flush(c)
	}
	if events&(unix.EPOLLIN|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		t.read(c)
	}
}

func (t *pollTransport) connected(c *conn) bool {
	code, err := unix.GetsockoptInt(c.poll.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = syscall.Errno(code)
	}
	if err != nil {
		t.end(c, os.NewSyscallError("connect", err))
		return false
	}
	c.connected()
	return true
}

// read reads once: if there is more, epoll says so again.
func (t *pollTransport) read(c *conn) {
	if c.poll.fd == 0 {
		return
	}
	n, err := unix.Read(c.poll.fd, t.buf)
	switch {
	case err == unix.EAGAIN, err == unix.EINTR:
		return
	case err != nil:
		t.end(c, os.NewSyscallError("read", err))
	case n == 0:
		t.end(c, errEnded)
	default:
		if err := c.received(t.buf[:n]); err != nil {
			t.end(c, err)
		}
	}
}
