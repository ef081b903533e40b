package gateway

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// readyFallback is how long a gateway waits to be in step with its peers before it takes clients regardless: a sick peer must
// not keep a healthy gateway out of service.
const readyFallback = 30 * time.Second

// keysFallback is the same while others have other mesh keys: those that were replaced reach all nodes in two minutes or so, and
// a gateway that takes clients before would miss what is published elsewhere.
const keysFallback = 4 * time.Minute

// A readiness is a latch: reached once, and then lost only by draining.
type readiness struct {
	reached  atomic.Bool
	draining atomic.Bool
	// waiting says what is missing until it is reached.
	waiting func() string
	// keysDiffer says that others have other mesh keys. Optional.
	keysDiffer func() bool
}

// await reaches readiness when ready is closed, or after [readyFallback] with a warning, or [keysFallback] while keys differ. It
// returns when that has happened or ctx has ended.
func (r *readiness) await(ctx context.Context, ready <-chan struct{}, logger *slog.Logger, late func()) {
	began := time.Now()
	timer := time.NewTimer(readyFallback)
	defer timer.Stop()
	for !r.reached.Load() {
		select {
		case <-ready:
		case <-ctx.Done():
			return
		case <-timer.C:
			after := time.Since(began)
			if after < keysFallback && r.keysDiffer != nil && r.keysDiffer() {
				timer.Reset(time.Second)
				continue
			}
			logger.Warn("taking clients although this gateway is not in step with its peers", "after", after, "waiting", r.waiting())
			late()
		}
		r.reached.Store(true)
	}
}

// state says whether the gateway takes clients, and if not, why.
func (r *readiness) state() (ready bool, reason string) {
	if r.draining.Load() {
		return false, "draining"
	}
	if r.reached.Load() {
		return true, ""
	}
	if reason := r.waiting(); reason != "" {
		return false, reason
	}
	return false, "starting"
}
