package mesh

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/starling-realtime/starling/hub"
)

// maxPart is where a bucket is cut into parts, in bytes: small enough that publishes on the same link do not wait long.
const maxPart = 128 << 10

func encodeDelta(seq uint64, d hub.Delta) []byte {
	const numbers = 1 + 4*binary.MaxVarintLen64
	b := append(make([]byte, 0, numbers+len(d.Channel)+len(d.Member)), byte(d.Op))
	b = binary.AppendUvarint(b, seq)
	b = appendString(b, d.Channel)
	b = appendString(b, d.Member)
	// Rounded up, because 0 would mean that it never ends.
	return binary.AppendUvarint(b, uint64((d.TTL+time.Millisecond-1)/time.Millisecond))
}

func parseDelta(body []byte) (seq uint64, d hub.Delta, err error) {
	r := reader{b: body}
	d.Op = hub.Op(r.byte())
	seq = r.uvarint()
	d.Channel = r.string()
	d.Member = r.string()
	d.TTL = time.Duration(min(r.uvarint(), uint64(24*time.Hour/time.Millisecond))) * time.Millisecond
	if r.err != nil {
		return 0, hub.Delta{}, fmt.Errorf("reading a delta: %w", r.err)
	}
	if err := checkDelta(d); err != nil {
		return 0, hub.Delta{}, fmt.Errorf("reading a delta: %w", err)
	}
	return seq, d, nil
}

func checkDelta(d hub.Delta) error {
	if err := hub.CheckName("channel", d.Channel); err != nil {
		return err
	}
	switch d.Op {
	case hub.OpInterest, hub.OpDisinterest:
		return nil
	case hub.OpJoin, hub.OpLeave, hub.OpTyping, hub.OpTypingStop:
		return hub.CheckName("member id", d.Member)
	default:
		return fmt.Errorf("unknown operation %d", d.Op)
	}
}

// A bucketPart is some of a boot's entries in one bucket, good up to its change seq.
type bucketPart struct {
	bucket      int
	first, last bool
	seq         uint64
	state       hub.BucketState
}

// Bits of a bucket part's flags.
const (
	partLast  = 1 << 0
	partFirst = 1 << 1
)

func (p bucketPart) encode() []byte {
	b := []byte{byte(p.bucket), boolByte(p.last)*partLast | boolByte(p.first)*partFirst}
	b = binary.AppendUvarint(b, p.seq)
	b = binary.AppendUvarint(b, uint64(len(p.state.Presence)))
	for _, e := range p.state.Presence {
		b = appendString(appendString(b, e.Channel), e.Member)
	}
	b = binary.AppendUvarint(b, uint64(len(p.state.Interest)))
	for _, name := range p.state.Interest {
		b = appendString(b, name)
	}
	return b
}

func parseBucketPart(body []byte) (p bucketPart, err error) {
	r := reader{b: body}
	p.bucket = int(r.byte())
	flags := r.byte()
	p.first, p.last = flags&partFirst != 0, flags&partLast != 0
	p.seq = r.uvarint()
	for n := r.count(); n > 0 && r.err == nil; n-- {
		p.state.Presence = append(p.state.Presence, hub.Entry{Channel: r.string(), Member: r.string()})
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		p.state.Interest = append(p.state.Interest, r.string())
	}
	if r.err != nil {
		return bucketPart{}, fmt.Errorf("reading a bucket: %w", r.err)
	}
	if err := p.check(); err != nil {
		return bucketPart{}, fmt.Errorf("reading bucket %d: %w", p.bucket, err)
	}
	return p, nil
}

func (p bucketPart) check() error {
	for _, e := range p.state.Presence {
		if err := hub.CheckName("channel", e.Channel); err != nil {
			return err
		}
		if err := hub.CheckName("member id", e.Member); err != nil {
			return err
		}
	}
	for _, name := range p.state.Interest {
		if err := hub.CheckName("channel", name); err != nil {
			return err
		}
	}
	return nil
}

// bucketParts cuts a bucket into parts of about maxPart bytes; the first one and the last one, which may be empty, are
// marked.
func bucketParts(bucket int, seq uint64, state hub.BucketState) []bucketPart {
	part := bucketPart{bucket: bucket, first: true, seq: seq}
	var parts []bucketPart
	size := 0
	grow := func(n int) {
		if size += n + 4; size > maxPart {
			parts = append(parts, part)
			part = bucketPart{bucket: bucket, seq: seq}
			size = n + 4
		}
	}
	for _, e := range state.Presence {
		grow(len(e.Channel) + len(e.Member))
		part.state.Presence = append(part.state.Presence, e)
	}
	for _, name := range state.Interest {
		grow(len(name))
		part.state.Interest = append(part.state.Interest, name)
	}
	part.last = true
	return append(parts, part)
}

// A checkpoint is the digest of a boot's entries after its change seq. An in-step frame has the same body.
type checkpoint struct {
	seq    uint64
	digest hub.Digest
}

func (c checkpoint) encode() []byte {
	b := binary.AppendUvarint(nil, c.seq)
	b = binary.AppendUvarint(b, c.digest.Count)
	return binary.BigEndian.AppendUint64(b, c.digest.Hash)
}

func parseCheckpoint(body []byte) (c checkpoint, err error) {
	r := reader{b: body}
	c.seq = r.uvarint()
	c.digest.Count = r.uvarint()
	c.digest.Hash = r.uint64()
	if r.err != nil {
		return checkpoint{}, fmt.Errorf("reading a checkpoint: %w", r.err)
	}
	return c, nil
}

func boolByte(v bool) byte {
	if v {
		return 1
	}
	return 0
}
