// Package lobby bounds the connections that have not yet shown what they are. When it is full, the connection that has
// waited longest is closed: peers show themselves at once, so strangers that say nothing make room for peers and cannot
// keep them out. It sets no deadlines; who brings a connection in does.
package lobby

import (
	"container/list"
	"io"
	"sync"
)

// A Lobby holds connections. All methods are safe for concurrent use.
type Lobby struct {
	mu      sync.Mutex
	max     int
	closed  bool
	waiting list.List
}

// A Guest is a connection in a [Lobby].
type Guest struct {
	lobby   *Lobby
	conn    io.Closer
	place   *list.Element
	evicted bool
}

// New returns a lobby for at most bound connections, which must be at least 1.
func New(bound int) *Lobby { return &Lobby{max: bound} }

// Enter adds a connection. When the lobby is full it closes the connection that has waited longest; when the lobby is
// closed it closes this one. The caller must call Leave.
func (l *Lobby) Enter(conn io.Closer) *Guest {
	g := &Guest{lobby: l, conn: conn}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		_ = conn.Close()
		return g
	}
	if l.waiting.Len() >= l.max {
		l.waiting.Front().Value.(*Guest).evict()
	}
	g.place = l.waiting.PushBack(g)
	return g
}

// evict is called with the lock held. Closing a raw connection does not block.
func (g *Guest) evict() {
	g.evicted = true
	g.lobby.waiting.Remove(g.place)
	g.place = nil
	_ = g.conn.Close()
}

// Leave takes the connection out, still open, and reports whether it was closed before because others came. It may be
// called several times.
func (g *Guest) Leave() (evicted bool) {
	g.lobby.mu.Lock()
	defer g.lobby.mu.Unlock()
	if g.place != nil {
		g.lobby.waiting.Remove(g.place)
		g.place = nil
	}
	return g.evicted
}

// Evicted reports whether the connection was closed because others came.
func (g *Guest) Evicted() bool {
	g.lobby.mu.Lock()
	defer g.lobby.mu.Unlock()
	return g.evicted
}

// Len returns how many connections wait.
func (l *Lobby) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting.Len()
}

// Close closes all connections that wait and every later one.
func (l *Lobby) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for e := l.waiting.Front(); e != nil; e = e.Next() {
		_ = e.Value.(*Guest).conn.Close()
	}
}
