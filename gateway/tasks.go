package gateway

import "sync"

// tasks are the goroutines of a gateway. After wait none begins, which a plain WaitGroup could not promise.
type tasks struct {
	mu     sync.RWMutex
	closed bool
	group  sync.WaitGroup
}

// start runs fn in a goroutine, unless the gateway has closed.
func (t *tasks) start(fn func()) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.closed {
		return false
	}
	t.group.Go(fn)
	return true
}

// wait refuses new goroutines and returns when the last one has ended.
func (t *tasks) wait() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.group.Wait()
}
