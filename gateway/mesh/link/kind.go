package link

import "fmt"

// A Kind says what a frame's body is. Kinds are part of the mesh's wire format: never renumber them.
//
// A kind with the high bit set is optional: a receiver that does not know it skips the frame. Any other unknown kind
// breaks the connection, with an error that names it. Kinds whose low seven bits are below 0x20 belong to this package.
type Kind uint8

const (
	// KindRequest carries a [Request]. Its answer travels on the link of the other direction.
	KindRequest Kind = 0x10
	// KindAnswer carries an [Answer] to a request that came on the link of the other direction.
	KindAnswer Kind = 0x11
	// FirstKind is the lowest kind, and FirstKind|Optional the lowest optional one, that the link's user may define.
	FirstKind Kind = 0x20
	// Optional is the bit that marks kinds which receivers may skip.
	Optional Kind = 0x80
)

// Control kinds are below KindRequest. Their frames have no place in the stream.
const (
	// kindHeartbeat, from the sender, says nothing. Its seq is 0.
	kindHeartbeat Kind = 0x01
	// kindAck, from the receiver, says by its seq which frame was applied last.
	kindAck Kind = 0x02
	// kindFault, from the receiver, says by its body why the receiver breaks off. Its seq is 0.
	kindFault = 0x03 | Optional

	// firstStreamKind is the lowest kind whose frames are numbered.
	firstStreamKind = KindRequest
)

// IsOptional reports whether receivers that do not know the kind skip it.
func (k Kind) IsOptional() bool { return k&Optional != 0 }

// isControl says that frames of the kind are not numbered.
func (k Kind) isControl() bool { return k&^Optional < firstStreamKind }

// isReserved says that the kind is not for the link's user to send.
func (k Kind) isReserved() bool {
	return k&^Optional < FirstKind && k != KindRequest && k != KindAnswer
}

// String returns the kind as 0x and two hexadecimal digits.
func (k Kind) String() string { return fmt.Sprintf("0x%02x", uint8(k)) }

// A Class selects the budget that a frame is charged to.
type Class uint8

const (
	// ClassState is for presence, interest, typing and whatever else the receiver's state is made of.
	ClassState Class = iota
	// ClassPublish is for publishes.
	ClassPublish

	numClasses
)

// FrameOverhead is what each frame is charged besides the length of its body, in bytes: its header and its place in
// the ring.
const FrameOverhead = 64

// DefaultMaxFrame bounds a frame's body, in bytes, unless the configuration says otherwise.
const DefaultMaxFrame = 1 << 20

// FirstByte is what a sender writes before TLS, so that a link can share a port with memberlist.
const FirstByte = 0xD7

// A Frame is one numbered frame as the receiver's handler gets it.
type Frame struct {
	Kind Kind
	// Seq is the frame's number in its stream, from 1, without holes.
	Seq uint64
	// Body is only valid during the call; keep a copy.
	Body []byte
}
