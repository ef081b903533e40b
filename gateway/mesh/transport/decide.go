package transport

import (
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// decide reads a stream's first byte and hands the stream to whom it belongs.
func (t *Transport) decide(conn net.Conn) {
	guest := t.undecided.Enter(conn)
	defer guest.Leave()
	first, err := readFirst(conn, t.cfg.FirstByteTimeout)
	switch {
	case err != nil:
		_ = conn.Close()
		t.drop(conn, guest.Leave(), err)
	case first == LinkByte:
		if guest.Leave() {
			t.cfg.OnDrop(DropCrowded, conn.RemoteAddr())
			return
		}
		t.cfg.OnLink(t.ctx, conn)
	case first <= lastMemberlistType || first == memberlistLabelByte:
		select {
		case t.streams <- &rewound{Conn: conn, first: first}:
		case <-t.ctx.Done():
			_ = conn.Close()
		}
	default:
		_ = conn.Close()
		t.cfg.OnDrop(DropGarbage, conn.RemoteAddr())
	}
}

// drop counts a stream whose first byte did not come, unless it was the shutdown that closed it.
func (t *Transport) drop(conn net.Conn, evicted bool, err error) {
	switch {
	case evicted:
		t.cfg.OnDrop(DropCrowded, conn.RemoteAddr())
	case t.ctx.Err() != nil:
	case errors.Is(err, os.ErrDeadlineExceeded):
		t.cfg.OnDrop(DropSilent, conn.RemoteAddr())
	default:
		t.cfg.OnDrop(DropClosed, conn.RemoteAddr())
	}
}

func readFirst(conn net.Conn, timeout time.Duration) (byte, error) {
	var b [1]byte
	if err := conn.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return 0, err
	}
	if _, err := io.ReadFull(conn, b[:]); err != nil {
		return 0, err
	}
	return b[0], conn.SetReadDeadline(time.Time{})
}

// rewound is a connection with its first byte put back. Like any connection it has one reader.
type rewound struct {
	net.Conn
	first byte
	done  bool
}

// Read implements [net.Conn].
func (r *rewound) Read(b []byte) (int, error) {
	if r.done || len(b) == 0 {
		return r.Conn.Read(b)
	}
	r.done = true
	b[0] = r.first
	return 1, nil
}
