package gateway

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/starling-realtime/starling/gateway/fanout"
	"github.com/starling-realtime/starling/gateway/overview"
)

// sampleEvery is the length of a step of the history that people see.
const sampleEvery = 5 * time.Second

// A sampler turns counters, which cost the hot path nothing more, into the steps of a history.
type sampler struct {
	history overview.History
	last    sample
}

// A sample is what had been counted at a time.
type sample struct {
	at        time.Time
	publishes uint64
	pool      fanout.Stats
}

func (g *Gateway) takeSample() sample {
	return sample{at: time.Now(), publishes: observed(g.metrics.publish), pool: g.pool.Stats()}
}

// observed returns how often a histogram has been given something.
func observed(h prometheus.Metric) uint64 {
	var out dto.Metric
	_ = h.Write(&out) // it fails for no histogram
	return out.GetHistogram().GetSampleCount()
}

// sample adds a step every few seconds until the gateway closes.
func (g *Gateway) sample() {
	ticker := time.NewTicker(sampleEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			now := g.takeSample()
			g.sampler.history.Add(stepBetween(g.sampler.last, now, g.roster.len()))
			g.sampler.last = now
		case <-g.ctx.Done():
			return
		}
	}
}

// stepBetween returns what happened between two samples.
func stepBetween(from, to sample, connections int) overview.Step {
	seconds := to.at.Sub(from.at).Seconds()
	step := overview.Step{
		At: to.at.Unix(), Seconds: seconds, Connections: connections,
		In:  float64(to.publishes-from.publishes) / seconds,
		Out: float64(to.pool.Frames-from.pool.Frames) / seconds,
	}
	counts := make([]uint64, len(to.pool.Waits.Counts))
	for i, n := range to.pool.Waits.Counts {
		counts[i] = n - from.pool.Waits.Counts[i]
	}
	if p99, ok := overview.Quantile(0.99, to.pool.Waits.Bounds, counts); ok {
		ms := float64(p99) / float64(time.Millisecond)
		step.P99Ms = &ms
	}
	return step
}
