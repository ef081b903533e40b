package gateway

import (
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/starling-realtime/starling/gateway/auth"
	"github.com/starling-realtime/starling/gateway/fanout"
	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/gateway/tracing"
	"github.com/starling-realtime/starling/hub"
)

// A session is one client connection, a WebSocket or an event stream. It implements [hub.Conn]. Idle, it costs one goroutine, which
// reads.
type session struct {
	g      *Gateway
	conn   *websocket.Conn // for reading only; nil: an event stream
	stream *stream         // nil: a WebSocket
	socket *fanout.Socket  // for writing
	wire   wire            // how what is written looks
	id     string
	member string
	// tie is what the client chose to tie its overlapping connections with; empty: nothing.
	tie  string
	addr netip.Addr
	// upgraded is the upgrade's place in its trace; nil: it was not traced.
	upgraded *hub.Trace
	// since is when it was accepted, in Unix milliseconds.
	since int64
	// expires is when the credentials end, in Unix milliseconds; 0: never.
	expires atomic.Int64

	// heard is when the last frame came, by the gateway's clock. pinged is the sweep's own.
	heard  atomic.Int64
	pinged int64
	// begun is when a message began that is large and not complete yet, by the gateway's clock; 0: there is none.
	begun atomic.Int64
	// closing is the close code once the session ends: set once.
	closing atomic.Uint32

	// asked is the round of the drain that asked this client to move.
	asked atomic.Uint32
	// settled is when the client connected, or was asked to move, by the gateway's clock. shed says that it was asked because this
	// gateway has more clients than others.
	settled atomic.Int64
	shed    atomic.Bool

	rosterSlot  int
	rosterShard uint8
	// before and after are the member's other sessions: see directory.
	before, after *session

	// These belong to the read goroutine.
	may      auth.Permissions
	channels channelSet
	joins    bucket
	bad      bucket // of malformed frames
	said     bucket // of published bytes
	messages bucket
	// span is of the request that is handled, if it is traced. traced counts those that were part of the upgrade's trace.
	span   *tracing.Span
	traced uint8
	hasty  bucket // of requests that were refused because of a rate, and came before the time that the client was told to wait for
	// told is that time, by the gateway's clock. tooSoon says that the request that is handled is one of these.
	told    int64
	tooSoon bool
	// pressing says that the message that is handled came within a millisecond after the one before, so that the next one may be there
	// already: the pool's writers put such together, where a write here would go alone and keep the next one waiting.
	pressing bool

	mu      sync.Mutex
	closed  bool
	onClose []func()
}

// byClient stands in session.closing for a close that the client began.
const byClient = 1

// accept upgrades and serves a connection. It returns at once, so that the memory of the HTTP request is given back while the
// connection lives.
func (g *Gateway) accept(w http.ResponseWriter, r *http.Request, identity auth.Identity, addr netip.Addr) {
	s := g.newSession(r, identity, addr, webSocketWire{})
	conn, socket, err := g.upgrade(w, r, fanout.SocketOptions{OnSlow: s.tooSlow})
	if err != nil {
		g.admission.leave(addr)
		g.clientLog.Debug("handshake failed", "address", text(addr), "error", err)
		return
	}
	s.conn, s.socket = conn, socket
	s.upgradeAccepted(tracing.FromContext(r.Context()), identity)
	if !g.enroll(s) {
		return
	}
	conn.SetPingHandler(s.onPing)
	conn.SetPongHandler(s.onPong)
	conn.SetCloseHandler(s.onClientClose)
	go s.read()
}

// newSession makes the session of a request, which has no socket yet.
func (g *Gateway) newSession(r *http.Request, identity auth.Identity, addr netip.Addr, w wire) *session {
	s := &session{
		g: g, id: g.ids.next(), addr: addr, since: nowMs(), wire: w, may: g.rules.For(identity.Subject),
		// Copies: they may be parts of the request, which is to be forgotten.
		member: strings.Clone(identity.MemberID), tie: strings.Clone(r.URL.Query().Get("session")),
	}
	if !identity.Expires.IsZero() {
		s.expires.Store(identity.Expires.UnixMilli())
	}
	return s
}

// enroll greets a session that has its socket, and makes it one of the gateway's. The caller then reads in a goroutine, which ends with
// finish and the end of a task; false: the gateway has closed.
func (g *Gateway) enroll(s *session) bool {
	s.heard.Store(g.clock())
	s.settled.Store(g.clock())
	s.pinged = g.clock()
	g.hub.Bind(s)
	g.metrics.accepted.Inc()
	s.noteEnrolled()
	s.send(protocol.Welcome{
		ConnID: s.id, MemberID: s.member, Gateway: g.node,
		HeartbeatMs: g.cfg.Heartbeat.Milliseconds(), MaxMessageBytes: int64(g.cfg.Limits.MessageBytes),
	}.Frame(nowMs()))
	g.roster.add(s)
	g.directory.add(s)
	if g.refusing.Load() {
		g.drainLatecomer(s)
	}
	if !g.tasks.enter() {
		s.socket.Abort()
		s.finish()
		return false
	}
	return true
}

// ID implements [hub.Conn].
func (s *session) ID() string { return s.id }

// Deliver implements [hub.Conn].
func (s *session) Deliver(e *hub.Event) error { return s.socket.Enqueue(s.wire.event(e)) }

// OnClose implements [hub.Conn].
func (s *session) OnClose(fn func()) {
	s.mu.Lock()
	if !s.closed {
		s.onClose = append(s.onClose, fn)
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	fn()
}

// send queues a frame. A socket that does not take it is closing, and its client learns why from the close code.
func (s *session) send(frame []byte) { _ = s.socket.Enqueue(s.wire.frame(frame)) }

// end closes the session with a code and a reason, once what is queued has been written. The first call decides, and gets true.
func (s *session) end(code protocol.CloseCode, reason string) bool {
	if !s.closing.CompareAndSwap(0, uint32(code)) {
		return false
	}
	s.socket.CloseWith(s.wire.bye(code, reason), time.Now().Add(closeTimeout))
	s.noteEnd(code, reason)
	return true
}

// isClosing says that the session has ended, or is about to.
func (s *session) isClosing() bool {
	if s.closing.Load() != 0 {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// tooSlow notes what the pool has decided; the pool itself sends the close frame.
func (s *session) tooSlow(reason fanout.Reason) {
	if s.closing.CompareAndSwap(0, uint32(protocol.CloseTooSlow)) {
		s.noteSlow(reason)
	}
}

// finish runs when nothing can be read any more.
func (s *session) finish() {
	s.socket.Close()
	s.mu.Lock()
	s.closed = true
	callbacks := s.onClose
	s.onClose = nil
	s.mu.Unlock()
	for _, fn := range callbacks {
		fn()
	}
	s.g.directory.remove(s)
	s.g.roster.remove(s)
	s.g.noteMoved(s)
	s.g.admission.leave(s.addr)
	s.g.metrics.ended(s.closing.Load())
}

func nowMs() int64 { return time.Now().UnixMilli() }

// clock is the time since the gateway started, in milliseconds. It does not jump when the wall clock is set.
func (g *Gateway) clock() int64 { return time.Since(g.started).Milliseconds() }
