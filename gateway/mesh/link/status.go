package link

import "time"

// State is what a [Sender] is doing.
type State uint8

const (
	// StateConnecting is between connections: dialing, shaking hands or waiting to dial. The other states without a
	// connection say why the last attempt failed; they last until an attempt ends in another way.
	StateConnecting State = iota
	// StateLinked is when frames flow.
	StateLinked
	// StateRefused is when the peer's port refuses connections.
	StateRefused
	// StateWrongBoot is when another boot answers at the peer's address.
	StateWrongBoot
	// StateUntrusted is when one side does not accept the other's certificate: other keys, or another cluster.
	StateUntrusted
	// StateVersionMismatch is when the two have no protocol version in common.
	StateVersionMismatch
	// StateRejected is when the peer refuses the hello for any other reason.
	StateRejected
	// StateClosed is after Stop.
	StateClosed
)

// Status is a sender's state at one moment.
type Status struct {
	State State
	// Since is when the sender became linked, or ceased to be; a sender that never was is not since it was made.
	Since time.Time
	// Err is why the last connection or dial failed; nil while linked.
	Err error
	// Peer is who was linked last; the zero Peer if nobody was.
	Peer Peer
}

// SenderStats are totals since the sender was made.
type SenderStats struct {
	// Connections counts those that were linked, Resets the streams that were thrown away.
	Connections, Resets uint64
	// FramesWritten and BytesWritten count what was written to connections, repeats included.
	FramesWritten, BytesWritten uint64
	// FramesAcked counts frames that the receiver applied.
	FramesAcked uint64
}

// String returns the state as statuses and metrics spell it.
func (s State) String() string {
	switch s {
	case StateConnecting:
		return "connecting"
	case StateLinked:
		return "linked"
	case StateRefused:
		return "refused"
	case StateWrongBoot:
		return "wrong_boot"
	case StateUntrusted:
		return "untrusted"
	case StateVersionMismatch:
		return "version_mismatch"
	case StateRejected:
		return "rejected"
	case StateClosed:
		return "closed"
	default:
		return "unknown"
	}
}
