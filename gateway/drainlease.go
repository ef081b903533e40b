package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/starling-realtime/starling/gateway/sleep"
)

// renew gives a drain that has a lease a new one. The lock is held.
func (d *drain) renew(lease time.Duration) {
	if lease > 0 && d.status.LeaseUntil != nil {
		until := time.Now().Add(lease)
		d.status.LeaseUntil = &until
	}
}

// leaseEnds returns when the lease ends; false: there is none any more.
func (d *drain) leaseEnds() (time.Time, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.status.LeaseUntil == nil {
		return time.Time{}, false
	}
	return *d.status.LeaseUntil, true
}

// holdLease cancels the drain when its lease ends. Connections that are being closed then are closed first: the gateway takes
// clients again when that is done.
func (g *Gateway) holdLease(ctx context.Context, done <-chan struct{}) {
	for {
		until, ok := g.drain.leaseEnds()
		if !ok {
			return
		}
		if wait := time.Until(until); wait > 0 {
			if !sleep.For(ctx, wait) {
				return
			}
			continue
		}
		g.logger.Warn("nobody renewed the lease of the drain")
		if err := g.cancelDrain("lease"); !errors.Is(err, ErrDrainTooLate) {
			return
		}
		select {
		case <-done:
		case <-ctx.Done():
			return
		}
	}
}
