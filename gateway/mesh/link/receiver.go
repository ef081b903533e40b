package link

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"time"

	"github.com/starling-realtime/starling/hub"
)

// A Handler applies what peers send. For one boot its methods are called one at a time, except OnHello, OnActivity and
// Knows; for different boots they are called concurrently.
type Handler interface {
	// OnHello may refuse a peer whose hello is good; the error's text is told to the peer.
	OnHello(peer *Peer) error
	// OnStream says that a connection was accepted, before its first frame. Each OnStream is followed by one OnEOF.
	OnStream(peer *Peer, s Stream)
	// Knows reports whether the handler understands a kind. Frames of optional kinds that it does not know are skipped.
	Knows(kind Kind) bool
	// OnFrame applies one frame: in order, and each one once for a stream. An error breaks the connection; the frame is
	// not acknowledged and comes again. It should not block: the peer's frames wait meanwhile.
	OnFrame(peer *Peer, f Frame) error
	// OnActivity says that bytes came from a boot: at every heartbeat, and at most every 100 ms.
	OnActivity(boot hub.Boot)
	// OnEOF says that a connection has ended, after its last OnFrame has returned. err is never nil.
	OnEOF(boot hub.Boot, err error)
}

// A Stream describes the stream of an accepted connection.
type Stream struct {
	// ID is the stream's random id.
	ID uint64
	// Fresh says that the stream begins here, at sequence number 1, and that nothing of it was applied before. Otherwise
	// it continues after frame Applied.
	Fresh bool
	// Replaces says that the receiver held the state of another stream of the same boot, which has ended: its last frames
	// may be lost. It is only set with Fresh.
	Replaces bool
	// Applied is the last frame that was applied.
	Applied uint64
}

// A Reason says why a connection was refused or broken off, for metrics.
type Reason string

const (
	// ReasonPlaintext is a peer that speaks no TLS.
	ReasonPlaintext Reason = "plaintext"
	// ReasonBadKey is a certificate that no key of the cluster signed, or a peer that did not accept ours.
	ReasonBadKey Reason = "bad_key"
	// ReasonWrongCluster is a peer of another cluster with the same key.
	ReasonWrongCluster Reason = "wrong_cluster"
	// ReasonWrongBoot is a peer that wanted another boot than this one.
	ReasonWrongBoot Reason = "wrong_boot"
	// ReasonVersion is a peer with no protocol version in common.
	ReasonVersion Reason = "version"
	// ReasonBadHello is a hello that cannot be understood.
	ReasonBadHello Reason = "bad_hello"
	// ReasonRejected is a peer that the handler did not want.
	ReasonRejected Reason = "rejected"
	// ReasonStale is a hello that a newer connection of the same sender has overtaken.
	ReasonStale Reason = "stale"
	// ReasonBusy is a connection whose predecessor's handler did not return in time.
	ReasonBusy Reason = "busy"
	// ReasonTooMany is a connection over a bound: of handshakes under way or of peers.
	ReasonTooMany Reason = "too_many"
	// ReasonHandshake is a connection that ended, failed or timed out before its hello was complete.
	ReasonHandshake Reason = "handshake"
	// ReasonFrame is a frame that is malformed, too large, out of sequence or of an unknown mandatory kind.
	ReasonFrame Reason = "bad_frame"
	// ReasonHandler is a frame for which the handler returned an error.
	ReasonHandler Reason = "handler"
)

// ReceiverConfig configures a [Receiver]. Self, TLS and Handler are required.
type ReceiverConfig struct {
	Self    Self
	TLS     *tls.Config // keyring's ServerConfig
	Handler Handler
	// OnRefused counts what was refused or broken off for a reason. It must not block. Optional.
	OnRefused func(reason Reason, addr net.Addr, err error)
	// MaxFrame bounds a frame's body, in bytes. Default [DefaultMaxFrame].
	MaxFrame int
	// MaxHandshakes bounds the connections that have not proved themselves yet; over it the one that has waited longest
	// is closed. Default 128.
	MaxHandshakes int
	// MaxPeers bounds the boots whose state is held. Default 1024.
	MaxPeers int
	Timing   Timing
	// Logger gets each reason for refusing once for each peer address in a while. Default: nothing is logged.
	Logger *slog.Logger
}

// A Receiver receives the streams of all peers. All methods are safe for concurrent use.
type Receiver struct{}

// NewReceiver returns a receiver.
func NewReceiver(cfg ReceiverConfig) (*Receiver, error) { panic("todo") }

// Serve receives on one connection, whose first byte has been read, until it ends or ctx is done. It closes the connection.
func (r *Receiver) Serve(ctx context.Context, conn net.Conn) { panic("todo") }

// Forget throws away what is known of a boot's stream and breaks its connection, so that the sender must begin anew. It
// returns at once; the channel is closed when no call of OnFrame or OnEOF for the forgotten state runs or will come.
// Frames come again only after OnStream with Fresh.
func (r *Receiver) Forget(boot hub.Boot) <-chan struct{} { panic("todo") }

// ReceiverPeer is what is known of one sending boot.
type ReceiverPeer struct {
	Boot hub.Boot
	// Connected says that a connection is accepted now; Peer is the last one.
	Connected bool
	Peer      Peer
	// Applied is the last frame applied, of stream StreamID.
	StreamID, Applied uint64
	// LastActivity is when bytes came last.
	LastActivity time.Time
}

// Peers lists the boots whose state is held, in no order.
func (r *Receiver) Peers() []ReceiverPeer { panic("todo") }

// Close breaks all connections, refuses later ones, and waits for every Serve to return.
func (r *Receiver) Close() { panic("todo") }
