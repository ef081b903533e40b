package protocol

import (
	"encoding/json"
	"strconv"
)

// A Welcome is the first frame of every connection.
type Welcome struct {
	// ConnID names the connection in the whole cluster and for all time.
	ConnID string
	// MemberID is who the gateway takes the client for.
	MemberID string
	// Gateway is the name of the gateway's process.
	Gateway string
	// HeartbeatMs is how often a client should send something; after twice that in silence the server closes.
	HeartbeatMs int64
	// MaxMessageBytes bounds a client's message; a larger one ends the connection with [CloseTooBig].
	MaxMessageBytes int64
}

// Frame returns the welcome as a text frame. unixMilli is the envelope's time, as in all Frame methods of this package.
func (w Welcome) Frame(unixMilli int64) []byte {
	b := begin("welcome", "", 128+len(w.ConnID)+len(w.MemberID)+len(w.Gateway))
	b = append(b, `{"connId":`...)
	b = appendString(b, w.ConnID)
	b = append(b, `,"memberId":`...)
	b = appendString(b, w.MemberID)
	b = append(b, `,"gateway":`...)
	b = appendString(b, w.Gateway)
	b = append(b, `,"heartbeatMs":`...)
	b = strconv.AppendInt(b, w.HeartbeatMs, 10)
	b = append(b, `,"maxMessageBytes":`...)
	b = strconv.AppendInt(b, w.MaxMessageBytes, 10)
	return end(append(b, '}'), unixMilli)
}

// JoinReply answers a join.
type JoinReply struct {
	Channel string
	// NewlyPresent says that the member was absent before.
	NewlyPresent bool
	// Partial says that publishes of some other gateways may not reach this connection yet.
	Partial bool
}

// Frame returns the reply as a text frame.
func (r JoinReply) Frame(id ID, unixMilli int64) []byte {
	b := append(begin("reply", id, 96+len(r.Channel)), `{"channel":`...)
	b = appendString(b, r.Channel)
	b = append(b, `,"newlyPresent":`...)
	b = strconv.AppendBool(b, r.NewlyPresent)
	if r.Partial {
		b = append(b, `,"partial":true`...)
	}
	return end(append(b, '}'), unixMilli)
}

// LeaveReply answers a leave.
type LeaveReply struct {
	Channel string
	// NowAbsent says that the member left with this connection.
	NowAbsent bool
}

// Frame returns the reply as a text frame.
func (r LeaveReply) Frame(id ID, unixMilli int64) []byte {
	b := append(begin("reply", id, 80+len(r.Channel)), `{"channel":`...)
	b = appendString(b, r.Channel)
	b = append(b, `,"nowAbsent":`...)
	b = strconv.AppendBool(b, r.NowAbsent)
	return end(append(b, '}'), unixMilli)
}

// PublishReplyFrame answers a publish with the id of its event.
func PublishReplyFrame(id ID, mid string, unixMilli int64) []byte {
	b := append(begin("reply", id, 64+len(mid)), `{"mid":`...)
	b = appendString(b, mid)
	return end(append(b, '}'), unixMilli)
}

// TypingReplyFrame answers a typing request.
func TypingReplyFrame(id ID, unixMilli int64) []byte {
	return end(append(begin("reply", id, 64), `{}`...), unixMilli)
}

// AuthReplyFrame answers a renewal with the time at which the new credentials end, in milliseconds since 1970; 0: never.
func AuthReplyFrame(id ID, expiresAt, unixMilli int64) []byte {
	b := append(begin("reply", id, 64), `{"expiresAt":`...)
	b = strconv.AppendInt(b, expiresAt, 10)
	return end(append(b, '}'), unixMilli)
}

// PongReplyFrame answers a ping request; id may be empty, payload is sent back verbatim.
func PongReplyFrame(id ID, payload json.RawMessage, unixMilli int64) []byte {
	return end(append(begin("pong", id, 64+len(payload)), orNull(payload)...), unixMilli)
}

// Reconnect asks the client to move: to open a new connection AfterMs from now and join there, to go on reading this one
// for OverlapMs more, and then to close this one without leaving its channels.
type Reconnect struct {
	// Reason is a word for people and logs, such as "drain".
	Reason    string
	AfterMs   int64
	OverlapMs int64
}

// Frame returns the request to move as a text frame.
func (r Reconnect) Frame(unixMilli int64) []byte {
	b := append(begin("reconnect", "", 128), `{"reason":`...)
	b = appendString(b, r.Reason)
	b = append(b, `,"afterMs":`...)
	b = strconv.AppendInt(b, r.AfterMs, 10)
	b = append(b, `,"overlapMs":`...)
	b = strconv.AppendInt(b, r.OverlapMs, 10)
	return end(append(b, '}'), unixMilli)
}
