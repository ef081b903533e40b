package link

import "github.com/starling-realtime/starling/hub"

// A Handler applies what peers send. For one boot OnStream, OnFrame and OnEOF are called one at a time; for different boots
// they are called concurrently, and the other methods at any time.
type Handler interface {
	// OnHello may refuse a peer whose hello is good; the error's text is told to the peer.
	OnHello(peer *Peer) error
	// OnStream says that a connection was accepted, before its first frame. Each OnStream is followed by one OnEOF.
	OnStream(peer *Peer, s Stream)
	// Knows reports whether the handler understands a kind. Frames of optional kinds that it does not know are skipped.
	Knows(kind Kind) bool
	// OnFrame applies one frame: in order, and each one once for a stream. An error breaks the connection; the frame is
	// not acknowledged and comes again, but no more than a few times: then the sender must begin a new stream. It should not
	// block: the peer's frames wait meanwhile.
	OnFrame(peer *Peer, f Frame) error
	// OnActivity says that a boot is heard: bytes came from it, or frames of it were applied that had waited for the
	// handler. It comes at least at every heartbeat, and seldom more than ten times a second.
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
