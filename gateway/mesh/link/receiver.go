package link

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/starling-realtime/starling/gateway/mesh/transport/lobby"
	"github.com/starling-realtime/starling/hub"
)

// Why the receiver itself ends a connection.
var (
	errForgotten = errors.New("the stream's state was thrown away")
	errReplaced  = errors.New("a newer connection of the same boot has taken over")
	// errKeyDropped is of both sides.
	errKeyDropped = errors.New("the key with which the connection was made is not accepted any more")
)

// A Receiver receives the streams of all peers. All methods are safe for concurrent use.
type Receiver struct {
	cfg ReceiverConfig
	// strangers are the connections that have not proved themselves.
	strangers *lobby.Lobby
	log       *refusalLog

	ctx    context.Context
	cancel context.CancelFunc

	mu      sync.Mutex
	closed  bool
	serving sync.WaitGroup
	boots   map[hub.Boot]*sending
}

// A sending is what is known of one sending boot. Its fields belong to the receiver's lock, but turn, which is held by the
// one session that may call the handler for the boot.
type sending struct {
	boot hub.Boot
	turn chan struct{}
	// holder has the turn; newest was admitted last and is the same or waits for it. nil is nobody.
	holder, newest *session
	// instance and attempt are of the newest hello.
	instance, attempt uint64
	// state is the stream's; nil is none.
	state *received
	// gaveUp is when a stream that was stuck was given up last.
	gaveUp time.Time
	// sessions counts those that were admitted and have not ended.
	sessions     int
	peer         Peer
	lastActivity time.Time
}

// NewReceiver returns a receiver.
func NewReceiver(cfg ReceiverConfig) (*Receiver, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	r := &Receiver{
		cfg:       cfg,
		strangers: lobby.New(cfg.MaxHandshakes),
		log:       newRefusalLog(cfg.Logger),
		boots:     make(map[hub.Boot]*sending),
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r, nil
}

// Serve receives on one connection, whose first byte has been read, until it ends or ctx is done. It closes the connection.
func (r *Receiver) Serve(ctx context.Context, conn net.Conn) {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		_ = conn.Close()
		return
	}
	r.serving.Add(1)
	r.mu.Unlock()
	defer r.serving.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stopWithReceiver := context.AfterFunc(r.ctx, cancel) //nolint:contextcheck // it ends with ctx and with the receiver
	defer stopWithReceiver()
	r.serve(ctx, conn)
}

// Forget throws away what is known of a boot's stream and breaks its connection, so that the sender must begin anew. It
// returns at once, so the handler may call it; the channel is closed when no call of OnStream, OnFrame or OnEOF for the
// forgotten state runs or will come. Frames come again only after OnStream with Fresh.
func (r *Receiver) Forget(boot hub.Boot) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	done := make(chan struct{})
	close(done)
	b := r.boots[boot]
	if b == nil {
		return done
	}
	b.state = nil
	if b.newest != nil {
		b.newest.stop(errForgotten)
		b.newest = nil
	}
	if b.holder != nil {
		done = b.holder.done
		b.holder.stop(errForgotten)
	}
	r.tidy(b)
	return done
}

// Recheck breaks the connections of peers whose certificate is not acceptable any more, because the key behind it was
// dropped. They come back with another one, and nothing is lost.
func (r *Receiver) Recheck() {
	r.mu.Lock()
	var sessions []*session
	for _, b := range r.boots {
		if b.newest != nil {
			sessions = append(sessions, b.newest)
		}
	}
	r.mu.Unlock()
	for _, s := range sessions {
		s.recheck()
	}
}

// tidy drops a boot of which nothing is known any more. The lock is held.
func (r *Receiver) tidy(b *sending) {
	if b.sessions == 0 && b.state == nil && r.boots[b.boot] == b {
		delete(r.boots, b.boot)
	}
}

// ReceiverPeer is what is known of one sending boot.
type ReceiverPeer struct {
	Boot hub.Boot
	// Connected says that a connection is accepted now; Peer is the last one.
	Connected bool
	Peer      Peer
	// Applied is the last frame applied, of stream StreamID.
	StreamID, Applied uint64
	// LastActivity is when OnActivity was called last.
	LastActivity time.Time
}

// Peers lists the boots whose state is held, in no order.
func (r *Receiver) Peers() []ReceiverPeer {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]ReceiverPeer, 0, len(r.boots))
	for boot, b := range r.boots {
		if b.state == nil {
			continue
		}
		out = append(out, ReceiverPeer{
			Boot: boot, Connected: b.holder != nil && b.holder == b.newest, Peer: b.peer,
			StreamID: b.state.id, Applied: b.state.applied.Load(), LastActivity: b.lastActivity,
		})
	}
	return out
}

// Close breaks all connections, refuses later ones, and waits for every Serve to return. The handler must not call it.
func (r *Receiver) Close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.cancel()
	r.strangers.Close()
	r.serving.Wait()
}
