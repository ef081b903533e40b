package gateways

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// PublishEvery is how often mere counts are published.
	PublishEvery = 30 * time.Second
	// parallel bounds the gateways of a cluster that are asked at a time.
	parallel = 32
)

// A Snapshot is what was last published of a cluster.
type Snapshot struct {
	Gateways []Observation
	Mesh     Verdict
}

// A Poller holds what the gateways of each cluster last said. It is safe for concurrent use.
type Poller struct {
	fetch Fetch
	now   func() time.Time

	mu       sync.Mutex
	clusters map[types.NamespacedName]*polled
}

type polled struct {
	debounce  debounce
	published Snapshot
	at        time.Time
	// latest is what was read last, published or not.
	latest   []Observation
	latestAt time.Time
}

// NewPoller returns a poller that asks by fetch; now is [time.Now].
func NewPoller(fetch Fetch, now func() time.Time) *Poller {
	return &Poller{fetch: fetch, now: now, clusters: map[types.NamespacedName]*polled{}}
}

// Poll asks all gateways of a cluster, in parallel, and reports whether there is something new to publish: see [Poller.Snapshot].
func (p *Poller) Poll(ctx context.Context, cluster types.NamespacedName, targets []Target) bool {
	all := p.ask(ctx, targets)
	if ctx.Err() != nil {
		return false // nobody answers one who does not wait
	}
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.clusters[cluster]
	if c == nil {
		c = &polled{}
		p.clusters[cluster] = c
	}
	c.latest, c.latestAt = all, now
	next := Snapshot{Gateways: all, Mesh: c.debounce.see(Judge(all), now)}
	urgent := c.at.IsZero() || next.Mesh != c.published.Mesh || !slices.EqualFunc(all, c.published.Gateways, sameGateway)
	counted := !slices.EqualFunc(all, c.published.Gateways, sameCounts)
	if !urgent && (!counted || now.Sub(c.at) < PublishEvery) {
		return false
	}
	c.published, c.at = next, now
	return true
}

func (p *Poller) ask(ctx context.Context, targets []Target) []Observation {
	// In one order, so that what is the same looks the same: caches list in any.
	targets = slices.SortedFunc(slices.Values(targets), func(a, b Target) int { return cmp.Compare(a.Pod, b.Pod) })
	all := make([]Observation, len(targets))
	var group errgroup.Group
	group.SetLimit(parallel)
	for i, target := range targets {
		all[i].Target = target
		if target.Address == "" {
			continue
		}
		group.Go(func() error {
			// Not an answer is an observation too.
			if reading, err := p.fetch(ctx, target.Address); err == nil {
				all[i].Reading = reading
			}
			return nil
		})
	}
	_ = group.Wait()
	return all
}

// Snapshot returns what was last published of a cluster; false: nothing yet.
func (p *Poller) Snapshot(cluster types.NamespacedName) (Snapshot, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.clusters[cluster]; c != nil && !c.at.IsZero() {
		return c.published, true
	}
	return Snapshot{}, false
}

// Latest returns what was read last of a cluster, published or not, and when.
func (p *Poller) Latest(cluster types.NamespacedName) ([]Observation, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.clusters[cluster]; c != nil {
		return c.latest, c.latestAt
	}
	return nil, time.Time{}
}

// Keep forgets every cluster that is not listed.
func (p *Poller) Keep(clusters map[types.NamespacedName]bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key := range p.clusters {
		if !clusters[key] {
			delete(p.clusters, key)
		}
	}
}

// sameGateway compares what is worth a write at once.
func sameGateway(a, b Observation) bool {
	if a.Pod != b.Pod || (a.Reading == nil) != (b.Reading == nil) {
		return false
	}
	return a.Reading == nil || a.Reading.Boot == b.Reading.Boot && a.Reading.Version == b.Reading.Version &&
		a.Reading.Ready == b.Reading.Ready && a.Reading.Draining == b.Reading.Draining && a.Reading.phase() == b.Reading.phase() &&
		a.Reading.rebalance() == b.Reading.rebalance()
}

// sameCounts compares what can wait.
func sameCounts(a, b Observation) bool {
	if a.Reading == nil || b.Reading == nil {
		return a.Reading == b.Reading
	}
	return a.Reading.Connections == b.Reading.Connections && a.Reading.Members == b.Reading.Members &&
		a.Reading.Channels == b.Reading.Channels && len(a.Reading.Peers) == len(b.Reading.Peers)
}
