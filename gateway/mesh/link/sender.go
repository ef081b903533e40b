package link

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/starling-realtime/starling/hub"
)

// Errors of [Sender.Enqueue] and [Sender.Flush], to be tested with errors.Is.
var (
	// ErrOverBudget refuses a frame whose class has no budget left. Nothing was queued.
	ErrOverBudget = errors.New("link is over its budget")
	// ErrTooLarge refuses a frame whose body is over the bound.
	ErrTooLarge = errors.New("frame is too large")
	// ErrReset refuses frames between the end of a stream and the return of [SenderEvents.OnReset], which makes the
	// receiver's state good from nothing; from Flush it says that the stream ended before everything was applied.
	ErrReset = errors.New("link starts a new stream")
	// ErrClosed refuses frames after [Sender.Stop] or [Sender.Close].
	ErrClosed = errors.New("link is closed")
)

// SenderConfig configures a [Sender]. Self, Peer, Dial and TLS are required.
type SenderConfig struct {
	Self Self
	// Peer is the boot that the stream is for.
	Peer hub.Boot
	// PeerName is for logs and errors.
	PeerName string
	// Dial returns a raw connection to the peer, and stops when ctx is done. The sender adds the first byte and TLS.
	Dial func(ctx context.Context) (net.Conn, error)
	// TLS is keyring's ClientConfig for Peer.
	TLS *tls.Config
	// Published tells, for each hello, whether this boot has accepted any publish yet. Optional, default false.
	Published func() bool
	// StateBudget and PublishBudget bound the bytes of each class that are queued or not yet acknowledged: body plus
	// [FrameOverhead]. Default 16 MiB each.
	StateBudget, PublishBudget int
	// MaxFrame bounds a frame's body, in bytes. Default [DefaultMaxFrame]. The receiver's bound must not be lower.
	MaxFrame int
	Timing   Timing
	Events   SenderEvents
	// Logger gets changes of the link's state. Default: nothing is logged.
	Logger *slog.Logger
}

// SenderEvents are a [Sender]'s callbacks. They are called one at a time, never with a lock of the link held, and hold
// up the link while they run. They may call every method of the sender but Close, Flush and Restart. All are optional.
type SenderEvents struct {
	// OnLinked says that frames flow. It comes after OnReset, if there was one.
	OnLinked func(Linked)
	// OnAck says that the receiver has applied all frames of the current stream up to acked.
	OnAck func(acked uint64)
	// OnReset says that the stream has ended and its frames are thrown away: a new one begins at sequence number 1. Until
	// it returns, Enqueue is refused with [ErrReset]; EnqueueForced is not, so it can begin the new stream.
	OnReset func(Reset)
	// OnDown says that a connection that was linked has ended.
	OnDown func(err error)
	// OnRefused says, once for each time that the link is down, that the peer's boot is gone: its port refuses
	// connections, or another boot of the cluster answers there.
	OnRefused func(err error)
}

// Linked describes a connection that was established.
type Linked struct {
	// Resumed says that the receiver has the state of the stream from an earlier connection.
	Resumed bool
	// Acked is the last frame that the receiver has applied.
	Acked uint64
	// Peer is the receiver. Published is not known.
	Peer Peer
}

// Reset describes the end of a stream.
type Reset struct {
	// Reason is for people.
	Reason string
	// Lost counts the frames of each class that were thrown away; the receiver may have applied any number of them, from
	// the first on.
	LostState, LostPublish int
}

// State is what a [Sender] is doing.
type State uint8

const (
	// StateConnecting is between connections: dialing, shaking hands or waiting to dial.
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
	// Since is when the state began.
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

// A Sender sends one stream to one boot. All methods are safe for concurrent use.
type Sender struct{}

// NewSender returns a sender that queues but does not dial before Start.
func NewSender(cfg SenderConfig) (*Sender, error) { panic("todo") }

// Start begins to dial. It is called once.
func (s *Sender) Start() { panic("todo") }

// Enqueue queues a frame and returns its sequence number in the current stream. It never blocks. The body is kept and must
// not be modified; several senders may share it. Errors: [ErrOverBudget], [ErrTooLarge], [ErrReset], [ErrClosed], and one
// for a kind that belongs to the link.
func (s *Sender) Enqueue(class Class, kind Kind, body []byte) (seq uint64, err error) { panic("todo") }

// EnqueueForced is Enqueue without a budget and without [ErrReset], for snapshots, which the caller paces by OnAck, and
// for goodbyes.
func (s *Sender) EnqueueForced(class Class, kind Kind, body []byte) (seq uint64, err error) { panic("todo") }

// Pending returns how many bytes of a class are queued or not yet acknowledged, as budgets count.
func (s *Sender) Pending(class Class) int { panic("todo") }

// Acked returns the last sequence number of the current stream that the receiver has applied; 0 is none.
func (s *Sender) Acked() uint64 { panic("todo") }

// Status returns the sender's state.
func (s *Sender) Status() Status { panic("todo") }

// Stats returns totals, for metrics.
func (s *Sender) Stats() SenderStats { panic("todo") }

// Flush waits until everything that was queued before the call is applied by the receiver. It returns [ErrReset] when the
// stream ends before, [ErrClosed] or ctx's error.
func (s *Sender) Flush(ctx context.Context) error { panic("todo") }

// Restart throws the stream away and begins a new one, as if the receiver had lost its state. It does not wait: OnReset
// follows.
func (s *Sender) Restart(reason string) { panic("todo") }

// Stop ends the sender without waiting for it; no new callback begins after it returns, but one may still be running.
// Unlike Close it may be called by a callback.
func (s *Sender) Stop() { panic("todo") }

// Close is Stop, and waits until the last callback has returned and every goroutine has ended.
func (s *Sender) Close() { panic("todo") }
