package protocol

import "github.com/starling-realtime/starling/hub"

// Format is this protocol's slot in the cache of [hub.Event.Encoded].
const Format hub.Format = 0

// EventFrame returns the text frame of an event. It is encoded once and shared by all receivers: it must not be modified.
func EventFrame(e *hub.Event) []byte { return e.Encoded(Format, encodeEvent) }

// encodeEvent leaves out the channel of the hub's own events, whose payload names it, and of an event for one member, which may have
// none.
func encodeEvent(e *hub.Event) []byte {
	const punctuation = 96
	b := newFrame(len(e.Type) + len(e.Channel) + len(e.From) + len(e.MID) + len(e.Payload) + punctuation)
	b = append(b, `{"type":`...)
	b = appendString(b, e.Type)
	if !hubOwn(e.Type) {
		if e.Channel != "" {
			b = append(b, `,"channel":`...)
			b = appendString(b, e.Channel)
		}
		if e.From != "" {
			b = append(b, `,"from":`...)
			b = appendString(b, e.From)
		}
		if e.MID != "" {
			b = append(b, `,"mid":`...)
			b = appendString(b, e.MID)
		}
	}
	b = append(b, `,"payload":`...)
	b = append(b, orNull(e.Payload)...)
	return finish(finText, appendTime(b, e.UnixMilli))
}

func hubOwn(typ string) bool {
	switch typ {
	case hub.TypePresenceJoin, hub.TypePresenceLeave, hub.TypePresenceCount, hub.TypeTyping, hub.TypeGap:
		return true
	}
	return false
}
