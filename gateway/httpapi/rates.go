package httpapi

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/starling-realtime/starling/gateway/apikey"
)

// rates bound what each key's name may do.
type rates struct {
	perSecond rate.Limit
	burst     int

	mu    sync.Mutex
	names map[string]*rate.Limiter
}

func (r *rates) init(l Limits) {
	r.perSecond, r.burst = rate.Limit(l.RequestsPerSecond), max(l.RequestsPerSecond, l.BatchMessages)
	r.names = make(map[string]*rate.Limiter)
}

func (r *rates) of(name string) *rate.Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	limiter := r.names[name]
	if limiter == nil {
		if len(r.names) >= 2*apikey.MaxKeys {
			clear(r.names) // of keys that were replaced since
		}
		limiter = rate.NewLimiter(r.perSecond, r.burst)
		r.names[name] = limiter
	}
	return limiter
}

// admit counts n requests of the caller's key, or says when there is room for them.
func (a *API) admit(c *call, n int) error {
	if n <= 0 {
		return nil
	}
	now := time.Now()
	reservation := a.rates.of(c.caller.Key).ReserveN(now, n)
	wait := reservation.DelayFrom(now)
	if reservation.OK() && wait == 0 {
		return nil
	}
	reservation.CancelAt(now)
	a.metrics.limited.Inc()
	problem := Problemf(CodeRateLimited, "the key %q makes more than %d requests a second (--api-requests-per-second)",
		c.caller.Key, a.opts.Limits.RequestsPerSecond)
	problem.RetryAfter = max(wait, time.Millisecond)
	return problem
}
