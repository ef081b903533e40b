package load

import (
	"errors"

	"golang.org/x/sys/unix"
)

var errEnded = errors.New("the server ended it")

func (t *pollTransport) send(c *conn, b []byte) {
	p := &c.poll
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fd == 0 {
		return
	}
	if len(p.out) == 0 && !p.waiting {
		n, err := unix.Write(p.fd, b)
		if err != nil && err != unix.EAGAIN {
			return // the reader is told of it too
		}
		b = b[max(0, n):]
	}
	if len(b) > 0 {
		p.out = append(p.out, b...)
		t.watch(p, true)
	}
}

func (t *pollTransport) pending(c *conn) int {
	c.poll.mu.Lock()
	defer c.poll.mu.Unlock()
	return len(c.poll.out)
}

// flush sends what waits.
func (t *pollTransport) flush(c *conn) {
	p := &c.poll
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fd == 0 {
		return
	}
	if len(p.out) > 0 {
		n, err := unix.Write(p.fd, p.out)
		if err != nil {
			return // EAGAIN, or the reader is told of it too
		}
		p.out = p.out[:copy(p.out, p.out[n:])]
	}
	if len(p.out) == 0 {
		p.out = nil
		t.watch(p, false)
	}
}

// watch sets what epoll waits for. The link's lock is held.
func (t *pollTransport) watch(p *pollLink, out bool) {
	if p.waiting == out && !p.paused {
		return
	}
	p.waiting = out
	event := unix.EpollEvent{Fd: int32(p.fd)}
	if out {
		event.Events |= unix.EPOLLOUT
	}
	if !p.paused {
		event.Events |= unix.EPOLLIN
	}
	_ = unix.EpollCtl(t.epoll, unix.EPOLL_CTL_MOD, p.fd, &event) // fails only for a socket that is closed
}

func (t *pollTransport) pause(c *conn) {
	p := &c.poll
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused = true
	t.watch(p, p.waiting)
}

func (t *pollTransport) cut(c *conn) { t.end(c, errCut) }

// end closes the connection and tells.
func (t *pollTransport) end(c *conn, err error) {
	p := &c.poll
	p.mu.Lock()
	fd := p.fd
	p.fd, p.out = 0, nil
	p.mu.Unlock()
	if fd == 0 {
		return
	}
	delete(t.byFD, int32(fd))
	_ = unix.Close(fd)
	c.gone(err)
}
