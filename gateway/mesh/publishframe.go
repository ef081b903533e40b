package mesh

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/starling-realtime/starling/hub"
)

// publishRoom is what most publishes need besides their payload, in bytes.
const publishRoom = 256

// A publishFrame is a publish on its way to another gateway.
type publishFrame struct {
	event *hub.Event
	opts  hub.PublishOptions
}

func (p publishFrame) encode() []byte {
	e := p.event
	b := binary.AppendUvarint(make([]byte, 0, len(e.Payload)+publishRoom), e.Seq)
	b = binary.AppendUvarint(b, uint64(e.UnixMilli))
	for _, s := range [...]string{
		e.Channel, e.Type, e.From, e.MID, p.opts.Key, p.opts.ExceptConnID, p.opts.ExceptSession, p.opts.ExceptMemberID,
	} {
		b = appendString(b, s)
	}
	return appendTrace(appendBytes(b, e.Payload), p.opts.Trace)
}

// parsePublish copies what it keeps.
func parsePublish(body []byte) (publishFrame, error) {
	r := reader{b: body}
	e := &hub.Event{Seq: r.uvarint(), UnixMilli: int64(r.uvarint())}
	var opts hub.PublishOptions
	for _, s := range [...]*string{
		&e.Channel, &e.Type, &e.From, &e.MID, &opts.Key, &opts.ExceptConnID, &opts.ExceptSession, &opts.ExceptMemberID,
	} {
		*s = r.string()
	}
	e.Payload = append(json.RawMessage(nil), r.bytes()...)
	opts.From, opts.MID = e.From, e.MID
	if r.err != nil {
		return publishFrame{}, fmt.Errorf("reading a publish: %w", r.err)
	}
	if err := hub.CheckName("channel", e.Channel); err != nil {
		return publishFrame{}, fmt.Errorf("reading a publish: %w", err)
	}
	if err := hub.CheckEventType(e.Type); err != nil {
		return publishFrame{}, fmt.Errorf("reading a publish: %w", err)
	}
	opts.Trace = parseTrace(r.b)
	return publishFrame{e, opts}, nil
}

// A keyFrame is the key of a publish that did not go to the receiver.
type keyFrame struct{ member, channel, key, mid string }

func (k keyFrame) encode() []byte {
	var b []byte
	for _, s := range [...]string{k.member, k.channel, k.key, k.mid} {
		b = appendString(b, s)
	}
	return b
}

func parseKey(body []byte) (k keyFrame, err error) {
	r := reader{b: body}
	for _, s := range [...]*string{&k.member, &k.channel, &k.key, &k.mid} {
		*s = r.string()
	}
	if r.err != nil {
		return keyFrame{}, fmt.Errorf("reading a key: %w", r.err)
	}
	return k, nil
}

// A gapFrame names the channels whose publishes were dropped; none stands for all channels.
type gapFrame struct{ channels []string }

func (g gapFrame) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(len(g.channels)))
	for _, name := range g.channels {
		b = appendString(b, name)
	}
	return b
}

func parseGap(body []byte) (g gapFrame, err error) {
	r := reader{b: body}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		g.channels = append(g.channels, r.string())
	}
	if r.err != nil {
		return gapFrame{}, fmt.Errorf("reading a gap: %w", r.err)
	}
	return g, nil
}
