package gateway

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/starling-realtime/starling/gateway/pacing"
	"github.com/starling-realtime/starling/gateway/tracing"
)

// turnShare is what part of the handshake's time an upgrade may wait for its turn.
const turnShare = 4

func newDoor(cfg Config) *pacing.Door {
	return pacing.NewDoor(pacing.DoorOptions{
		PerSecond: cfg.Limits.AcceptPerSecond, Queue: cfg.Limits.AcceptQueue, MostWait: cfg.HandshakeTimeout / turnShare,
	})
}

// awaitTurn lets an upgrade in when the rate of new connections allows it, after a wait if there is room to wait.
func (g *Gateway) awaitTurn(ctx context.Context) *refusal {
	answer := g.door.Arrive(time.Now())
	switch answer.Bound {
	case pacing.QueueFull:
		return g.busy("accept-queue", "as many upgrades wait as --accept-queue allows: try again later", answer.Backlog)
	case pacing.WaitTooLong:
		return g.busy("accept-per-second", "more connections come than --accept-per-second allows: try again later", answer.Backlog)
	case pacing.Open:
	}
	if answer.Wait <= 0 {
		return nil
	}
	defer g.door.Leave()
	tracing.Observe(g.metrics.acceptWait, answer.Wait.Seconds(), tracing.FromContext(ctx).TraceID())
	timer := time.NewTimer(answer.Wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return g.refuseWhileDraining()
	case <-ctx.Done():
		return unavailable("gone", "the client has gone", time.Second) // which nobody reads
	case <-g.ctx.Done():
		return unavailable("draining", "this gateway stops: connect again, to another one", time.Second)
	}
}

func (g *Gateway) busy(bound, message string, backlog time.Duration) *refusal {
	g.metrics.hit(bound)
	return unavailableUntil("busy", message, pacing.Retry(backlog, rand.Float64()))
}

// load is what this gateway has and can take. One that takes nobody says so.
func (g *Gateway) load() Load {
	open := int(g.admission.count.Load())
	l := Load{Connections: g.roster.len(), Headroom: max(0, g.cfg.Limits.Connections-open), Shed: g.rebalance.read().Asked}
	if ready, _ := g.ready.state(); ready {
		l.AcceptPerSecond = g.door.Spare(time.Now())
	}
	return l
}
