package fanout

import (
	"context"
	"sync"
	"sync/atomic"
)

// room counts the reasons for which the server is behind, and lets publishers wait until there is none. A reason is a
// shard with too many bytes, or a socket over [Options.MaxQueueBytes] that the kernel does not refuse.
type room struct {
	causes atomic.Int32
	mu     sync.Mutex
	clear  chan struct{} // closed when causes gets to 0; nil while nobody waits
}

func (r *room) lagging() bool { return r.causes.Load() > 0 }

func (r *room) raise() { r.causes.Add(1) }

func (r *room) lower() {
	if r.causes.Add(-1) > 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.clear != nil {
		close(r.clear)
		r.clear = nil
	}
}

// wait returns when there is no cause, or with the context's cause, or with ErrClosed once closed is.
func (r *room) wait(ctx context.Context, closed <-chan struct{}) error {
	for r.lagging() {
		r.mu.Lock()
		if r.clear == nil {
			r.clear = make(chan struct{})
		}
		clearing := r.clear
		r.mu.Unlock()
		if !r.lagging() {
			return nil // lower may have come before the channel was there
		}
		select {
		case <-clearing:
		case <-closed:
			return ErrClosed
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
