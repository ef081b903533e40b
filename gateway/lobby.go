package gateway

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// A lobby bounds the connections that have not been upgraded: those that say nothing, or say it slowly, and those that ask
// for something else than a WebSocket. They may be as many as the upgraded ones, or leastLobby. Otherwise strangers could
// take all files of the process, and with them the answers on the admin port.
type lobby struct {
	most  int64
	full  func() // counts what is refused
	count atomic.Int64
}

// leastLobby is enough for the probes, proxies and pages of a gateway that takes few clients.
const leastLobby = 1024

func (g *Gateway) newLobby() *lobby {
	return &lobby{most: int64(max(g.cfg.Limits.Connections, leastLobby)), full: func() {
		g.metrics.hit("max-connections")
		g.metrics.refused.WithLabelValues("full").Inc()
	}}
}

// lobbyAnswer fits into the empty send buffer of a new connection, so that writing it waits for nobody. %s is a number.
const lobbyAnswer = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

// track is for [http.Server.ConnState]. A connection that is closed when it is new is reported as closed later.
func (l *lobby) track(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if l.count.Add(1) > l.most {
			l.full()
			_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
			_, _ = fmt.Fprintf(conn, lobbyAnswer, retryAfter(fullRetry+rand.N(fullRetry)))
			_ = conn.Close()
		}
	case http.StateHijacked, http.StateClosed:
		l.count.Add(-1)
	case http.StateActive, http.StateIdle:
	}
}
