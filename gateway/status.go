package gateway

import (
	"time"

	"github.com/starling-realtime/starling/gateway/buildinfo"
	"github.com/starling-realtime/starling/gateway/overview"
	"github.com/starling-realtime/starling/hub"
)

// Status is what GET /status answers. Channels, members and presence entries are of the merged view of all gateways: do not add up
// those of several.
type Status struct {
	Node    string `json:"node"`
	Boot    string `json:"boot"`
	Version string `json:"version"`
	Cluster string `json:"cluster"`
	// Ready says whether the gateway takes clients; Reason says why not.
	Ready    bool   `json:"ready"`
	Reason   string `json:"reason,omitempty"`
	Draining bool   `json:"draining"`
	// Phase is the drain's.
	Phase string      `json:"phase"`
	Drain DrainStatus `json:"drain"`
	// Rebalance says whether clients are sent to gateways that have fewer.
	Rebalance       RebalanceStatus `json:"rebalance"`
	StartedAt       time.Time       `json:"startedAt"`
	Connections     int             `json:"connections"`
	MaxConnections  int             `json:"maxConnections"`
	AcceptPerSecond int             `json:"acceptPerSecond"`
	Channels        int             `json:"channels"`
	LocalChannels   int             `json:"localChannels"`
	Members         int             `json:"members"`
	PresenceEntries int             `json:"presenceEntries"`
	LocalEntries    int             `json:"localPresenceEntries"`
	Peers           []PeerStatus    `json:"peers"`
	// Figures are of the last few seconds; nil in the first ones.
	Figures *overview.Step `json:"figures,omitempty"`
	// MeshKeys are the ids of the mesh keys that are accepted, the primary one first. They tell keys apart and are no secrets.
	MeshKeys []string `json:"meshKeys,omitempty"`
}

// Status returns what /status says.
func (g *Gateway) Status() Status {
	r, drain := g.read(), g.DrainStatus()
	s := Status{
		Node: g.node, Boot: g.boot.String(), Version: buildinfo.Version(), Cluster: g.cfg.Cluster,
		Ready: r.ready, Reason: r.reason, Draining: r.draining, Phase: drain.Phase, Drain: drain, StartedAt: g.started.UTC(),
		Connections: r.connections, MaxConnections: g.cfg.Limits.Connections, AcceptPerSecond: g.cfg.Limits.AcceptPerSecond,
		Channels: r.hub.Channels, LocalChannels: r.hub.LocalChannels, Members: r.hub.Members,
		PresenceEntries: r.hub.PresenceEntries, LocalEntries: r.hub.LocalEntries,
		Peers: []PeerStatus{}, Figures: g.sampler.history.Last(), Rebalance: g.rebalance.read(),
	}
	if g.meshKeys != nil {
		s.MeshKeys = g.meshKeys.IDs()
	}
	if g.cluster != nil {
		s.Peers = append(s.Peers, g.cluster.Status().Peers...)
	}
	return s
}

// A reading is the numbers that /status and /metrics share.
type reading struct {
	ready       bool
	reason      string
	draining    bool
	connections int
	waiting     int
	load        Load
	rebalance   RebalanceStatus
	hub         hub.Stats
}

func (g *Gateway) read() reading {
	r := reading{draining: g.ready.draining.Load(), connections: g.roster.len(), hub: g.hub.Stats()}
	r.ready, r.reason = g.ready.state()
	r.waiting, r.load, r.rebalance = g.door.Waiting(), g.load(), g.rebalance.read()
	return r
}

// Ready says whether the gateway takes clients, and if not, why.
func (g *Gateway) Ready() (ready bool, reason string) { return g.ready.state() }
