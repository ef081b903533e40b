package gateway

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/starling-realtime/starling/gateway/dedupe"
	"github.com/starling-realtime/starling/gateway/httpapi"
	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/hub"
)

// mostListed bounds the connections of one member that one gateway lists.
const mostListed = 1000

type memberQuestion struct {
	Member string `json:"member"`
	// Reason is of a disconnect.
	Reason string `json:"reason,omitempty"`
}

type memberAnswer struct {
	Connections []httpapi.Connection `json:"connections"`
	Truncated   bool                 `json:"truncated,omitempty"`
}

// Member implements [httpapi.Backend].
func (b apiBackend) Member(ctx context.Context, memberID string) (httpapi.Member, error) {
	m := httpapi.Member{Member: memberID, Connections: []httpapi.Connection{}}
	var err error
	m.Missing, err = askEach(ctx, b.Gateway, askMember, memberQuestion{Member: memberID}, func(_ string, answer memberAnswer) {
		m.Connections = append(m.Connections, answer.Connections...)
		m.Truncated = m.Truncated || answer.Truncated
	})
	slices.SortFunc(m.Connections, func(x, y httpapi.Connection) int {
		return cmp.Or(x.ConnectedAt.Compare(y.ConnectedAt), cmp.Compare(x.ID, y.ID))
	})
	return m, err
}

// answerMember lists a member's connections to this gateway.
func (g *Gateway) answerMember(_ context.Context, _ string, body []byte) ([]byte, error) {
	var q memberQuestion
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, err
	}
	sessions := g.directory.of(q.Member)
	var answer memberAnswer
	if answer.Truncated = len(sessions) > mostListed; answer.Truncated {
		sessions = sessions[:mostListed]
	}
	size := 0
	for _, s := range sessions {
		channels := g.hub.ChannelsOf(s.id)
		slices.Sort(channels)
		c := httpapi.Connection{
			ID: s.id, Gateway: g.node, Session: s.tie, ConnectedAt: time.UnixMilli(s.since).UTC(), Channels: orEmpty(channels),
		}
		// The answer must fit what gateways may answer each other, whatever the names are.
		if size += listedBytes(c); size > mostListedBytes {
			answer.Truncated = true
			break
		}
		answer.Connections = append(answer.Connections, c)
	}
	return json.Marshal(answer)
}

// mostListedBytes is about how long an answer about a member may become.
const mostListedBytes = 256 << 10

// listedBytes is at least what a connection takes in an answer, but for escaped characters.
func listedBytes(c httpapi.Connection) int {
	const around = 128
	n := around + len(c.ID) + len(c.Gateway) + len(c.Session)
	for _, name := range c.Channels {
		n += len(name) + len(`"",`)
	}
	return n
}

type countAnswer struct {
	Connections int `json:"connections"`
}

// Disconnect implements [httpapi.Backend].
func (b apiBackend) Disconnect(ctx context.Context, memberID, reason string) (httpapi.Disconnected, error) {
	var d httpapi.Disconnected
	var err error
	question := memberQuestion{Member: memberID, Reason: reason}
	d.Missing, err = askEach(ctx, b.Gateway, askDisconnect, question, func(_ string, answer countAnswer) {
		d.Disconnected += answer.Connections
	})
	return d, err
}

// answerDisconnect ends a member's connections to this gateway.
func (g *Gateway) answerDisconnect(_ context.Context, from string, body []byte) ([]byte, error) {
	var q memberQuestion
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, err
	}
	reason := "disconnected by the application"
	if q.Reason != "" {
		reason += ": " + q.Reason
	}
	n := 0
	for _, s := range g.directory.of(q.Member) {
		if s.end(protocol.ClosePolicy, reason) {
			n++
		}
	}
	g.clientLog.Debug("member disconnected", "member", q.Member, "connections", n, "peer", from)
	return json.Marshal(countAnswer{n})
}

// A sendQuestion carries an event for one member.
type sendQuestion struct {
	Member string `json:"member"`
	httpapi.Direct
	MID string `json:"mid"`
	// Key is known on each gateway that has delivered the event; empty: retries are not tied.
	Key       string `json:"key,omitempty"`
	UnixMilli int64  `json:"ts"`
}

// Send implements [httpapi.Backend]. A retry goes to all gateways again: those that have delivered the event remember it.
func (b apiBackend) Send(ctx context.Context, caller httpapi.Caller, memberID string, event httpapi.Direct) (httpapi.Sent, error) {
	q := sendQuestion{Member: memberID, Direct: event, MID: b.ids.next(), UnixMilli: nowMs()}
	q.Payload = payloadOf(event.Payload)
	if caller.IdempotencyKey != "" {
		tie := func(operation string) string {
			return dedupe.WithBody(dedupeKey(caller, operation+" "+memberID, 0), event.Type, canonical(event.Payload), event.From)
		}
		sent := tie("sent")
		q.Key = tie("send")
		if b.keys.Conflicts("", event.Channel, sent) || b.keys.Conflicts("", event.Channel, q.Key) {
			return httpapi.Sent{}, keyReused("the event")
		}
		var repeated bool
		if q.MID, repeated = b.keys.Remember("", event.Channel, sent, q.MID); repeated && b.keys.Conflicts("", event.Channel, sent) {
			return httpapi.Sent{}, keyReused("the event") // another one came at the same time
		}
	}
	b.pace(b.apiPace.wait(b.Gateway, caller.Key, len(event.Payload)+frameOverhead))
	b.awaitRoom()
	sent := httpapi.Sent{MID: q.MID}
	var err error
	sent.Missing, err = askEach(ctx, b.Gateway, askSend, q, func(_ string, answer countAnswer) { sent.Connections += answer.Connections })
	return sent, err
}

// answerSend gives an event to a member's connections to this gateway.
func (g *Gateway) answerSend(_ context.Context, _ string, body []byte) ([]byte, error) {
	var q sendQuestion
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, err
	}
	var answer countAnswer
	if _, duplicate := g.keys.Remember("", q.Channel, q.Key, q.MID); duplicate {
		return json.Marshal(answer)
	}
	event := &hub.Event{Type: q.Type, Channel: q.Channel, From: q.From, MID: q.MID, Payload: q.Payload, UnixMilli: q.UnixMilli}
	for _, s := range g.directory.of(q.Member) {
		if (q.Channel == "" || g.hub.IsJoined(q.Channel, s.id)) && s.Deliver(event) == nil {
			answer.Connections++
		}
	}
	return json.Marshal(answer)
}
