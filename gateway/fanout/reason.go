package fanout

import "errors"

// Errors of [Pool.Attach], [Pool.AwaitRoom] and [Socket.Enqueue], to be tested with errors.Is.
var (
	// ErrClosed refuses a frame because the socket is closed or closing, or anything because the pool is.
	ErrClosed = errors.New("fanout: closed")
	// ErrQueueFull refuses a frame over a bound of the queue. The socket is being closed because of it.
	ErrQueueFull = errors.New("fanout: send queue is full")
)

// A Reason says why a socket was closed. Its String is the value of the "reason" label in the metrics.
type Reason uint8

const (
	// ReasonClosed is [Socket.CloseWith] or [Socket.Close].
	ReasonClosed Reason = iota
	// ReasonAborted is [Socket.Abort].
	ReasonAborted
	// ReasonSlow is a peer that did not read: the kernel took not one byte for [Options.SlowTimeout].
	ReasonSlow
	// ReasonOverflow is a peer that read too little: more than [Options.MaxQueueBytes] waited while the kernel refused.
	ReasonOverflow
	// ReasonOverrun is a server that could not keep up: more than [Options.HardQueueBytes] waited although the kernel
	// did not refuse.
	ReasonOverrun
	// ReasonWriteError is a write that failed: mostly a peer that is gone.
	ReasonWriteError
	// ReasonPoolClosed is [Pool.Close].
	ReasonPoolClosed

	reasons = iota
)

// String returns the reason in lower case with underscores.
func (r Reason) String() string {
	switch r {
	case ReasonClosed:
		return "closed"
	case ReasonAborted:
		return "aborted"
	case ReasonSlow:
		return "slow"
	case ReasonOverflow:
		return "overflow"
	case ReasonOverrun:
		return "overrun"
	case ReasonWriteError:
		return "write_error"
	case ReasonPoolClosed:
		return "pool_closed"
	default:
		return "unknown"
	}
}
