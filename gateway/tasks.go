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
	if !t.enter() {
		return false
	}
	go func() {
		defer t.exit()
		fn()
	}()
	return true
}

// enter counts a goroutine in that the caller starts by itself and that must call exit, unless the gateway has closed.
func (t *tasks) enter() bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.closed {
		return false
	}
	t.group.Add(1)
	return true
}

func (t *tasks) exit() { t.group.Done() }

// wait refuses new goroutines and returns when the last one has ended.
func (t *tasks) wait() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.group.Wait()
}
