package gateway

import (
	"context"
	"net/http"
	"net/netip"
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
		Error: func(w http.ResponseWriter, r *http.Request, status int, reason error) {
			g.metrics.refused.WithLabelValues("handshake").Inc()
			g.noteRefused(r, transportWebSocket, &refusal{status: status, message: reason.Error(), label: "handshake"})
			http.Error(w, reason.Error(), status)
		},
	}
}

func (g *Gateway) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
		const message = "this address speaks WebSocket only: connect with a WebSocket client"
		g.metrics.refused.WithLabelValues("not_websocket").Inc()
		g.noteRefused(r, transportWebSocket, &refusal{status: http.StatusUpgradeRequired, message: message, label: "not_websocket"})
		http.Error(w, message, http.StatusUpgradeRequired)
		return
	}
	r, span := g.traceUpgrade(r, transportWebSocket)
	defer span.End()
	addr := g.proxies.client(r)
	refused := g.admit(r.Context(), addr)
	if refused == nil {
		var identity auth.Identity
		if identity, refused = g.identify(r); refused == nil {
			g.accept(w, r, identity, addr) //nolint:contextcheck // the connection outlives the request
			return
		}
		g.admission.leave(addr)
	}
	g.refuse(w, r, refused)
}

// admit says whether there is room for a connection, which is then counted, and waits for its turn. All that is cheap comes before
// credentials are looked at: clients that come in a storm are refused at little cost.
func (g *Gateway) admit(ctx context.Context, addr netip.Addr) *refusal {
	if !g.ready.reached.Load() {
		return unavailable("starting", "this gateway is starting: try again", time.Second)
	}
	if wait := g.rates.addresses.Take(addr, time.Now()); wait > 0 {
		return g.tooMany("accept-per-second-per-address", "more new connections come from this address than", wait)
	}
	switch bound := g.admission.enter(addr); bound {
	case "":
	case perAddress:
		return g.tooMany(bound, "this address has as many connections as", fullRetry)
	default:
		g.metrics.hit(bound)
		return unavailable("full", "this gateway has as many connections as --"+bound+" allows", fullRetry)
	}
	// A connection that waits for its turn is counted already, so that there is room for it when it comes.
	refused := g.refuseWhileDraining()
	if refused == nil {
		refused = g.awaitTurn(ctx)
	}
	if refused != nil {
		g.admission.leave(addr)
	}
	return refused
}

// refuseWhileDraining is asked only for connections that are counted, so that whoever refuses first and then waits until nobody is
// counted has waited for everybody.
func (g *Gateway) refuseWhileDraining() *refusal {
	if !g.refusing.Load() {
		return nil
	}
	return unavailable("draining", "this gateway is draining: connect again, to another one", time.Second)
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
