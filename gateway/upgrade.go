package gateway

import (
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/starling-realtime/starling/gateway/auth"
	"github.com/starling-realtime/starling/gateway/fanout"
	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/hub"
)

// Read and write buffers of the WebSocket library. The read buffer holds frame headers and small messages; larger ones are read
// past it. The write buffer is only used for the library's own control frames.
const (
	readBufferBytes  = 512
	writeBufferBytes = 256
)

func (g *Gateway) newUpgrader() websocket.Upgrader {
	return websocket.Upgrader{
		HandshakeTimeout: g.cfg.HandshakeTimeout,
		ReadBufferSize:   readBufferBytes,
		WriteBufferSize:  writeBufferBytes,
		WriteBufferPool:  &sync.Pool{},
		Subprotocols:     []string{protocol.Version},
		CheckOrigin:      func(*http.Request) bool { return true }, // checked before, with an answer that says why
		Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
			g.metrics.refused.WithLabelValues("handshake").Inc()
			http.Error(w, reason.Error(), status)
		},
	}
}

// A refusal is a handshake that is not accepted.
type refusal struct {
	status     int
	code       protocol.ErrorCode
	message    string
	label      string // of the metric
	retryAfter time.Duration
	header     func(http.Header) // optional
}

func (g *Gateway) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
		g.metrics.refused.WithLabelValues("not_websocket").Inc()
		http.Error(w, "this address speaks WebSocket only: connect with a WebSocket client", http.StatusUpgradeRequired)
		return
	}
	addr := clientAddress(r.RemoteAddr)
	refused := g.admit(addr)
	if refused == nil {
		var identity auth.Identity
		if identity, refused = g.identify(r); refused == nil {
			g.accept(w, r, identity, addr)
			return
		}
		g.admission.leave(addr)
	}
	g.refuse(w, r, refused)
}

// admit says whether there is room for a connection; it is then counted.
func (g *Gateway) admit(addr netip.Addr) *refusal {
	if !g.ready.reached.Load() {
		return unavailable("starting", "this gateway is starting: try again", time.Second)
	}
	if bound := g.admission.enter(addr); bound != "" {
		g.metrics.hit(bound)
		return unavailable("full", "this gateway has as many connections as --"+bound+" allows", fullRetry)
	}
	// Looked at only now, so that whoever refuses first and then waits until nobody is counted has waited for everybody.
	if g.refusing.Load() {
		g.admission.leave(addr)
		return unavailable("draining", "this gateway is draining: connect again, to another one", time.Second)
	}
	return nil
}

// fullRetry is when a client that found a gateway full should try again.
const fullRetry = 5 * time.Second

func unavailable(label, message string, retry time.Duration) *refusal {
	return &refusal{http.StatusServiceUnavailable, protocol.CodeUnavailable, message, label, retry, nil}
}

// identify checks the page and the credentials.
func (g *Gateway) identify(r *http.Request) (auth.Identity, *refusal) {
	if err := g.origins.Check(r); err != nil {
		return auth.Identity{}, refusalOf(err, "origin")
	}
	identity, err := g.auth.Authenticate(r)
	if err != nil {
		return auth.Identity{}, refusalOf(err, "credentials")
	}
	if session := r.URL.Query().Get("session"); session != "" {
		if err := hub.CheckName("session", session); err != nil {
			return auth.Identity{}, &refusal{http.StatusBadRequest, protocol.CodeBadRequest, err.Error(), "bad_request", 0, nil}
		}
	}
	return identity, nil
}

// refusalOf makes an answer of what package auth said. Other errors of an embedding program's authenticator are not shown.
func refusalOf(err error, label string) *refusal {
	var said *auth.Error
	if !errors.As(err, &said) {
		return unavailable(label, "credentials cannot be checked now: try again", fullRetry)
	}
	return &refusal{said.Status, protocol.ErrorCode(said.Code), said.Message, label, 0, said.SetHeader}
}

// refuse answers with an HTTP status, or, for a browser that could not see one, with a connection that ends at once.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, why *refusal) {
	g.metrics.refused.WithLabelValues(why.label).Inc()
	g.logger.Debug("handshake refused", "remote", r.RemoteAddr, "status", why.status, "message", why.message)
	if r.URL.Query().Get("handshake") == "close" {
		g.refuseInside(w, r, why)
		return
	}
	if why.header != nil {
		why.header(w.Header())
	}
	if why.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(why.retryAfter/time.Second)))
	}
	http.Error(w, why.message, why.status)
}

func (g *Gateway) refuseInside(w http.ResponseWriter, r *http.Request, why *refusal) {
	_, socket, err := g.upgrade(w, r, fanout.SocketOptions{})
	if err != nil {
		return
	}
	e := &protocol.Error{Code: why.code, Message: why.message, RetryAfterMs: why.retryAfter.Milliseconds()}
	g.metrics.countError(e.Code)
	code := why.closeCode()
	g.metrics.close(code)
	_ = socket.Enqueue(e.Frame(time.Now().UnixMilli()))
	socket.CloseWith(protocol.CloseFrame(code, why.message), time.Now().Add(closeTimeout))
	socket.Close()
}

func (why *refusal) closeCode() protocol.CloseCode {
	switch why.status {
	case http.StatusUnauthorized:
		return protocol.CloseExpired
	case http.StatusServiceUnavailable:
		return protocol.CloseAtCapacity
	default:
		return protocol.ClosePolicy
	}
}

// upgrade answers the handshake and gives the connection's write side to the pool. On an error the client has its answer.
func (g *Gateway) upgrade(w http.ResponseWriter, r *http.Request, opts fanout.SocketOptions) (*websocket.Conn, *fanout.Socket, error) {
	w, guarded := fanout.GuardHijack(w)
	conn, err := g.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return nil, nil, err
	}
	guard := guarded()
	socket, err := g.pool.Attach(guard, opts)
	if err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	guard.Bind(socket)
	return conn, socket, nil
}
