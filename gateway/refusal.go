package gateway

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/starling-realtime/starling/gateway/auth"
	"github.com/starling-realtime/starling/gateway/fanout"
	"github.com/starling-realtime/starling/gateway/protocol"
)

// A refusal is a handshake that is not accepted.
type refusal struct {
	status     int
	code       protocol.ErrorCode
	message    string
	label      string // of the metric
	retryAfter time.Duration
	header     func(http.Header) // optional
}

// fullRetry is when a client that found a gateway full should try again.
const fullRetry = 5 * time.Second

// unavailable refuses for now. Clients are told to come back at different times, the soonest after least.
func unavailable(label, message string, least time.Duration) *refusal {
	return unavailableUntil(label, message, least+rand.N(least))
}

func unavailableUntil(label, message string, retry time.Duration) *refusal {
	return &refusal{http.StatusServiceUnavailable, protocol.CodeUnavailable, message, label, retry, nil}
}

// tooMany refuses an address. It is told to come back at a time that differs from client to client: many may share the address.
func (g *Gateway) tooMany(bound, what string, wait time.Duration) *refusal {
	g.metrics.hit(bound)
	message := what + " --" + bound + " allows: try again later"
	return &refusal{http.StatusTooManyRequests, protocol.CodeRateLimited, message, "address", wait + rand.N(wait+time.Second), nil}
}

// refusalOf makes an answer of what package auth said. Other errors of an embedding program's authenticator are not shown.
func refusalOf(err error, label string) *refusal {
	var said *auth.Error
	if !errors.As(err, &said) {
		return unavailable(label, "credentials cannot be checked now: try again", fullRetry)
	}
	if said.Status == http.StatusServiceUnavailable {
		return unavailable(label, said.Message, time.Second)
	}
	return &refusal{said.Status, protocol.ErrorCode(said.Code), said.Message, label, 0, said.SetHeader}
}

// mostFarewells bounds the connections that exist only to say why they were refused, and farewellShare what part of
// --accept-per-second they may be. More are refused by status, so that a flood of them is no way around the bounds on connections.
const (
	mostFarewells = 256
	farewellShare = 10
)

// refuse answers with an HTTP status, or, for a browser that could not see one, with a connection that ends at once.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, why *refusal) {
	g.metrics.refused.WithLabelValues(why.label).Inc()
	g.noteRefused(r, transportWebSocket, why)
	if g.farewells.Load() < mostFarewells && r.URL.Query().Get("handshake") == "close" && g.inside.Allow() {
		g.refuseInside(w, r, why)
		return
	}
	if why.header != nil {
		why.header(w.Header())
	}
	if why.retryAfter > 0 {
		w.Header().Set("Retry-After", retryAfter(why.retryAfter))
	}
	http.Error(w, why.message, why.status)
}

// retryAfter is a time as the header has it: whole seconds, and not too few.
func retryAfter(d time.Duration) string {
	return strconv.Itoa(int((d + time.Second - 1) / time.Second))
}

func (g *Gateway) refuseInside(w http.ResponseWriter, r *http.Request, why *refusal) {
	g.farewells.Add(1)
	_, socket, err := g.upgrade(w, r, fanout.SocketOptions{OnClosed: func(fanout.Reason, error) { g.farewells.Add(-1) }})
	if err != nil {
		g.farewells.Add(-1)
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
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return protocol.CloseAtCapacity
	default:
		return protocol.ClosePolicy
	}
}
