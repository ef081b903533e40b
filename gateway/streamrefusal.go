package gateway

import (
	"encoding/json"
	"net/http"

	"github.com/starling-realtime/starling/gateway/protocol"
)

// badStream refuses what trying again does not mend.
func badStream(status int, code protocol.ErrorCode, message string) *refusal {
	return &refusal{status, code, message, "bad_request", 0, nil}
}

// refuseStream answers with a status and a problem as of RFC 9457. EventSource gives up for ever when it sees a status that is no
// success, so with handshake=close one that asks to come back is a stream that says so, and ends.
func (g *Gateway) refuseStream(w http.ResponseWriter, r *http.Request, why *refusal) {
	g.metrics.refused.WithLabelValues(why.label).Inc()
	g.noteRefused(r, transportEvents, why)
	g.allowPage(w, r)
	if why.retryAfter > 0 && r.URL.Query().Get("handshake") == "close" {
		refuseInStream(w, why)
		return
	}
	if why.header != nil {
		why.header(w.Header())
	}
	writeProblem(w, why)
}

func refuseInStream(w http.ResponseWriter, why *refusal) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	e := &protocol.Error{Code: why.code, Message: why.message, RetryAfterMs: why.retryAfter.Milliseconds()}
	body := append(protocol.StreamRetry(e.RetryAfterMs), protocol.StreamFrame(e.Frame(nowMs()), "")...)
	last := protocol.StreamFrame(protocol.StreamCloseFrame(why.closeCode(), why.message, nowMs()), "")
	_, _ = w.Write(append(body, last...)) //nolint:gosec // an event stream, which no browser takes for a page; strings in it are JSON
}

// streamProblems is where the kinds of problems are described; with a code as its fragment it is the problem's type.
const streamProblems = "https://github.com/starling-realtime/starling/blob/main/docs/sse.md"

// streamTitle is what all problems of a code have in common.
func streamTitle(code protocol.ErrorCode) string {
	switch code { //nolint:exhaustive // the others refuse no stream
	case protocol.CodeBadRequest:
		return "The request is malformed"
	case protocol.CodeTooManyChannels:
		return "The stream has too many channels"
	case protocol.CodeForbidden:
		return "The client may not have this stream"
	case protocol.CodeRateLimited:
		return "Too many connections from this address"
	case protocol.CodeUnavailable:
		return "The gateway takes no streams now"
	}
	return string(code)
}

// A streamProblem is an error as RFC 9457 writes it, with members of ours.
type streamProblem struct {
	Type         string             `json:"type"`
	Title        string             `json:"title"`
	Status       int                `json:"status"`
	Detail       string             `json:"detail"`
	Code         protocol.ErrorCode `json:"code"`
	RetryAfterMs int64              `json:"retryAfterMs,omitempty"`
}

func writeProblem(w http.ResponseWriter, why *refusal) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if why.retryAfter > 0 {
		h.Set("Retry-After", retryAfter(why.retryAfter))
	}
	w.WriteHeader(why.status)
	_ = json.NewEncoder(w).Encode(streamProblem{ //nolint:errchkjson // the client is gone if this fails: the types are ours
		streamProblems + "#" + string(why.code), streamTitle(why.code), why.status, why.message, why.code, why.retryAfter.Milliseconds(),
	})
}
