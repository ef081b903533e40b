package gateway

import (
	"math/rand/v2"
	"time"

	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/hub"
)

// A wire is how what a session sends is written.
type wire interface {
	// event returns an event, shared by all sessions of the wire.
	event(e *hub.Event) []byte
	// frame returns one of protocol's text frames.
	frame(text []byte) []byte
	// ping returns a sign of life.
	ping(g *Gateway) []byte
	// bye returns what comes last.
	bye(code protocol.CloseCode, reason string) []byte
}

type webSocketWire struct{}

func (webSocketWire) event(e *hub.Event) []byte { return protocol.EventFrame(e) }

func (webSocketWire) frame(text []byte) []byte { return text }

func (webSocketWire) ping(g *Gateway) []byte { return g.pingFrame }

func (webSocketWire) bye(code protocol.CloseCode, reason string) []byte {
	return protocol.CloseFrame(code, reason)
}

type streamWire struct{}

func (streamWire) event(e *hub.Event) []byte { return protocol.StreamEvent(e) }

func (streamWire) frame(text []byte) []byte { return protocol.StreamFrame(text, "") }

func (streamWire) ping(*Gateway) []byte { return protocol.StreamHeartbeat() }

// bye also says when to come back. EventSource does so by itself, unless it gets a status that is an error then.
func (streamWire) bye(code protocol.CloseCode, reason string) []byte {
	least := quickRetry
	if code == protocol.CloseAtCapacity {
		least = fullRetry
	}
	last := protocol.StreamFrame(protocol.StreamCloseFrame(code, reason, nowMs()), "")
	return append(protocol.StreamRetry(spreadRetry(least).Milliseconds()), last...)
}

// quickRetry is the soonest that a client comes back whose stream has ended: with what is added to it, well within
// --disconnect-grace, so that its member stays present.
const quickRetry = 500 * time.Millisecond

// spreadRetry lets clients come back at different times, at most three times the least.
func spreadRetry(least time.Duration) time.Duration { return least + rand.N(2*least) }
