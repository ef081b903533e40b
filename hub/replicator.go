package hub

import (
	"fmt"
	"time"

	"github.com/cespare/xxhash/v2"
)

// A Boot identifies one life of one gateway process. It is random, never zero and never used again.
type Boot uint64

// String returns the boot as 16 hexadecimal digits.
func (b Boot) String() string { return fmt.Sprintf("%016x", uint64(b)) }

// Op is the kind of a [Delta].
type Op uint8

// The numbers are part of the mesh's wire format: never renumber them.
const (
	// OpJoin adds a member to the boot's presence in a channel.
	OpJoin Op = 1
	// OpLeave removes it.
	OpLeave Op = 2
	// OpInterest says that the boot has local connections in the channel and wants its publishes.
	OpInterest Op = 3
	// OpDisinterest says that it has none any more.
	OpDisinterest Op = 4
	// OpTyping flags a member as typing, or refreshes the flag, for [Delta.TTL].
	OpTyping Op = 5
	// OpTypingStop clears the flag.
	OpTypingStop Op = 6
)

// A Delta is one change of what one boot owns. Joins and leaves are transitions between absent and present at that
// boot, whatever the other boots hold.
type Delta struct {
	Op      Op
	Channel string
	// Member is empty for OpInterest and OpDisinterest.
	Member string
	// TTL is when an OpTyping ends by itself; 0 is never.
	TTL time.Duration
}

// A Replicator carries a hub's changes to the other hubs. Its methods are called with a channel's lock held: they
// must not block and must not call the hub. For one channel, calls come in the order of the changes.
type Replicator interface {
	// Append records a change of the hub's own entries and returns its position in the log, from 1.
	Append(Delta) uint64
	// Forward sends the event to the boots, which are interested in its channel. The slice is only valid during the
	// call.
	Forward(e *Event, opts PublishOptions, to []Boot)
}

// Buckets is the number of groups that channels are divided into for resynchronisation. It is part of the mesh's wire
// format: never change it.
const Buckets = 256

// Bucket returns the group of a channel, from 0 to Buckets-1, the same on every hub.
func Bucket(channel string) int { return int(xxhash.Sum64String(channel) % Buckets) }

// A BucketState is everything that one boot owns in one bucket.
type BucketState struct {
	// Presence lists (channel, member) pairs, without repeats.
	Presence []Entry
	// Interest lists channels, without repeats.
	Interest []string
}

// An Entry is one member's presence in one channel.
type Entry struct {
	Channel string
	Member  string
}

// A Digest sums up what one boot owns: how many presence entries and interests, and a hash of them that does not depend
// on their order.
type Digest struct {
	Count uint64
	Hash  uint64
}

// Toggle returns the digest with one entry added or removed. Deltas that change no presence or interest change nothing.
func (d Digest) Toggle(x Delta) Digest {
	switch x.Op {
	case OpJoin:
		return Digest{d.Count + 1, d.Hash ^ entryHash('p', x.Channel, x.Member)}
	case OpLeave:
		return Digest{d.Count - 1, d.Hash ^ entryHash('p', x.Channel, x.Member)}
	case OpInterest:
		return Digest{d.Count + 1, d.Hash ^ entryHash('i', x.Channel, "")}
	case OpDisinterest:
		return Digest{d.Count - 1, d.Hash ^ entryHash('i', x.Channel, "")}
	default:
		return d
	}
}

// entryHash is part of the mesh's wire format: never change it.
func entryHash(kind byte, channel, member string) uint64 {
	var buf [2*MaxNameBytes + 2]byte
	b := append(buf[:0], kind)
	b = append(b, channel...)
	b = append(b, 0)
	b = append(b, member...)
	return xxhash.Sum64(b)
}
