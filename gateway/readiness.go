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

// A readiness is a latch: reached once, and then lost only by draining.
type readiness struct {
	reached  atomic.Bool
	draining atomic.Bool
	// waiting says what is missing until it is reached.
	waiting func() string
}

// await reaches readiness when ready is closed, or after [readyFallback] with a warning. It returns when that has happened or
// ctx has ended.
func (r *readiness) await(ctx context.Context, ready <-chan struct{}, logger *slog.Logger, late func()) {
	timer := time.NewTimer(readyFallback)
	defer timer.Stop()
	select {
	case <-ready:
	case <-ctx.Done():
		return
	case <-timer.C:
		logger.Warn("taking clients although this gateway is not in step with its peers", "after", readyFallback, "waiting", r.waiting())
		late()
	}
	r.reached.Store(true)
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
