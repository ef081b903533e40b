package gateway

import (
	"cmp"
	"slices"
	"time"

	"github.com/starling-realtime/starling/gateway/overview"
)

const (
	// shownErrors and shownSlow bound what one gateway tells of its log and of its slow connections.
	shownErrors = 30
	shownSlow   = 20
	// slowAfter is how long a connection must be behind to be shown: a burst makes many wait for a moment.
	slowAfter = 500 * time.Millisecond
)

// describe returns this gateway as people are shown it, with the steps of its history that ended after since, in Unix seconds.
func (g *Gateway) describe(since int64) overview.Gateway {
	s, pool := g.Status(), g.pool.Stats()
	out := overview.Gateway{
		Node: s.Node, Boot: s.Boot, Version: s.Version, Cluster: s.Cluster, Ready: s.Ready, Reason: s.Reason,
		Draining: s.Draining, Drain: overview.Drain(s.Drain), StartedAt: s.StartedAt,
		Connections: s.Connections, MaxConnections: s.MaxConnections,
		Channels: s.Channels, LocalChannels: s.LocalChannels, Members: s.Members,
		Peers: make([]overview.Peer, 0, len(s.Peers)), Figures: s.Figures,
		History: g.sampler.history.Since(since), SlowCloses: pool.SlowCloses, Errors: g.recent.Latest(shownErrors),
	}
	for _, p := range s.Peers {
		out.Peers = append(out.Peers, overview.Peer{
			Node: p.Node, Boot: p.Boot, Address: p.Address, Version: p.Version, State: p.State, InStep: p.InStep, Draining: p.Draining,
			LinkedIn: p.LinkedIn, LinkedOut: p.LinkedOut, QueuedBytes: p.QueuedBytes, HeardMs: p.HeardMs, Error: p.Error,
		})
	}
	if pool.Behind > 0 {
		out.Slow, out.SlowTotal = g.slowest(shownSlow)
	}
	return out
}

// slowest returns the connections with the most waiting of those that have been behind for a while, and how many these are. It
// looks at every session.
func (g *Gateway) slowest(limit int) (slow []overview.Slow, total int) {
	for _, s := range g.roster.all() {
		since, bytes, behind := s.socket.Behind()
		if !behind || since < slowAfter {
			continue
		}
		slow = append(slow, overview.Slow{
			Conn: s.id, Member: s.member, Address: s.addr.String(), QueuedBytes: bytes, BehindMs: since.Milliseconds(),
		})
	}
	slices.SortFunc(slow, func(a, b overview.Slow) int {
		return cmp.Or(cmp.Compare(b.QueuedBytes, a.QueuedBytes), cmp.Compare(a.Conn, b.Conn))
	})
	return slow[:min(limit, len(slow))], len(slow)
}
