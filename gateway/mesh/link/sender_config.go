package link

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"

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
	// TLS returns keyring's ClientConfig for Peer, with the keys of now.
	TLS func() *tls.Config
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
	// OnDown says that a connection that was linked has ended. It is not called for Stop and Close.
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

// complete checks the configuration and fills in defaults.
func (c *SenderConfig) complete() error {
	if err := c.Self.complete(); err != nil {
		return fmt.Errorf("link sender: %w", err)
	}
	if c.Peer == 0 || c.Dial == nil || c.TLS == nil {
		return errors.New("link sender: Peer, Dial and TLS are required")
	}
	if c.Published == nil {
		c.Published = func() bool { return false }
	}
	if c.StateBudget <= 0 {
		c.StateBudget = defaultBudget
	}
	if c.PublishBudget <= 0 {
		c.PublishBudget = defaultBudget
	}
	if c.MaxFrame <= 0 {
		c.MaxFrame = DefaultMaxFrame
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Timing = c.Timing.withDefaults()
	c.Events = c.Events.withDefaults()
	return nil
}

const defaultBudget = 16 << 20

func (e SenderEvents) withDefaults() SenderEvents {
	if e.OnLinked == nil {
		e.OnLinked = func(Linked) {}
	}
	if e.OnAck == nil {
		e.OnAck = func(uint64) {}
	}
	if e.OnReset == nil {
		e.OnReset = func(Reset) {}
	}
	if e.OnDown == nil {
		e.OnDown = func(error) {}
	}
	if e.OnRefused == nil {
		e.OnRefused = func(error) {}
	}
	return e
}
