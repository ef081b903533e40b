package fanout

import (
	"bufio"
	"net"
	"net/http"
)

type hijacker struct {
	http.ResponseWriter
	conn *GuardedConn
}

// GuardHijack returns a ResponseWriter whose Hijack wraps the connection in a [GuardedConn], for a library that hijacks
// by itself. The function returns the GuardedConn, or nil before Hijack has succeeded.
func GuardHijack(w http.ResponseWriter) (http.ResponseWriter, func() *GuardedConn) {
	h := &hijacker{ResponseWriter: w}
	return h, func() *GuardedConn { return h.conn }
}

// Unwrap lets http.ResponseController find the methods of the inner ResponseWriter.
func (h *hijacker) Unwrap() http.ResponseWriter { return h.ResponseWriter }

// Hijack implements [http.Hijacker].
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.conn = Guard(conn)
	return h.conn, rw, nil
}
