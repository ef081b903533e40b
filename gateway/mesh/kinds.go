package mesh

import "github.com/starling-realtime/starling/gateway/mesh/link"

// The frames that the mesh sends over links. The numbers are part of the wire format: never renumber them.
const (
	// kindDelta carries one change of the sender's own entries.
	kindDelta = link.FirstKind + iota
	// kindBucket carries a part of the sender's entries in one bucket; the last part completes it.
	kindBucket
	// kindInStep says that every bucket was sent: from here on the receiver holds all of the sender's entries.
	kindInStep
	// kindCheckpoint carries the digest of the sender's entries at exactly this place of the stream.
	kindCheckpoint
	// kindPublish carries a publish that the sender accepted.
	kindPublish
	// kindGap says that publishes to some channels, or to all, were dropped before this place.
	kindGap
	// kindGoodbye says that the sender leaves in good order.
	kindGoodbye
	// kindResync asks the receiver to send its own entries again.
	kindResync
	// kindKey makes a publish key known to a gateway that did not get the publish itself.
	kindKey = link.FirstKind + 0x10 | link.Optional
	// kindLoad says what the sender has and can take.
	kindLoad = link.FirstKind + 0x11 | link.Optional
)

func isKnown(k link.Kind) bool {
	return k >= kindDelta && k <= kindResync || k == kindKey || k == kindLoad
}
