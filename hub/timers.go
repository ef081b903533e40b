package hub

import (
	"sync"
	"time"
)

// A timerGroup makes one-shot timers that can be ended together: after close no callback runs or starts.
type timerGroup struct {
	mu      sync.Mutex
	closed  bool
	pending map[*timer]struct{}
	running sync.WaitGroup
}

// A timer is one callback to come. The nil timer is valid and does nothing.
type timer struct {
	group *timerGroup
	t     *time.Timer
}

// after runs fn once after d, on a goroutine of its own, unless the timer is stopped first. It returns nil when the
// group is closed.
func (g *timerGroup) after(d time.Duration, fn func()) *timer {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil
	}
	if g.pending == nil {
		g.pending = make(map[*timer]struct{})
	}
	t := &timer{group: g}
	t.t = time.AfterFunc(d, func() {
		if !g.begin(t) {
			return
		}
		defer g.running.Done()
		fn()
	})
	g.pending[t] = struct{}{}
	return t
}

// begin claims a timer that fired; false when it was stopped meanwhile.
func (g *timerGroup) begin(t *timer) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.pending[t]; !ok {
		return false
	}
	delete(g.pending, t)
	g.running.Add(1)
	return true
}

// stop ends the timer. A callback that has begun goes on, so callbacks check that they are still wanted.
func (t *timer) stop() {
	if t == nil {
		return
	}
	t.group.mu.Lock()
	defer t.group.mu.Unlock()
	if _, ok := t.group.pending[t]; ok {
		delete(t.group.pending, t)
		t.t.Stop()
	}
}

func (g *timerGroup) isClosed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

// close stops every timer and waits for running callbacks.
func (g *timerGroup) close() {
	g.mu.Lock()
	g.closed = true
	for t := range g.pending {
		t.t.Stop()
	}
	clear(g.pending)
	g.mu.Unlock()
	g.running.Wait()
}
