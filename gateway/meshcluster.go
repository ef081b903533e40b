package gateway

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/starling-realtime/starling/gateway/buildinfo"
	"github.com/starling-realtime/starling/gateway/mesh"
	"github.com/starling-realtime/starling/hub"
)

// NewMesh connects a gateway with others over the mesh that its config describes; it is meant for [Options.NewCluster].
func NewMesh(host ClusterHost) (Cluster, error) {
	cfg, err := meshConfig(host)
	if err != nil {
		return nil, err
	}
	m, err := mesh.New(cfg)
	if err != nil {
		return nil, err
	}
	return &meshCluster{Mesh: m, host: host}, nil
}

func meshConfig(host ClusterHost) (mesh.Config, error) {
	c := host.Config
	bind, err := parseBind(c.MeshListen)
	if err != nil {
		return mesh.Config{}, fmt.Errorf("--mesh-listen: %w", err)
	}
	advertise, err := parseAdvertise(c.MeshAdvertise, bind.Port())
	if err != nil {
		return mesh.Config{}, fmt.Errorf("--mesh-advertise: %w", err)
	}
	answers := make(map[string]mesh.AnswerFunc, len(host.Answers))
	for kind, answer := range host.Answers {
		answers[kind] = answer
	}
	return mesh.Config{
		Answers: answers,
		Node:    host.NodeName, Boot: host.Boot, Cluster: c.Cluster, Bind: bind, Advertise: advertise, Join: c.Join,
		Keys: host.Keys, AppVersion: buildinfo.Version(), NodeGrace: c.NodeGrace, DisconnectGrace: c.DisconnectGrace,
		PublishBudget: c.Limits.LinkQueueBytes, StateBudget: c.Limits.LinkQueueBytes,
		Logger: host.Logger, Registerer: host.Registry, Tracer: host.Tracer,
	}, nil
}

// parseBind reads the address to bind; no host stands for all addresses.
func parseBind(s string) (netip.AddrPort, error) {
	host, port, err := splitPort(s)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if host == "" {
		return netip.AddrPortFrom(netip.IPv4Unspecified(), port), nil
	}
	return lookupOne(host, port)
}

// parseAdvertise reads the address for peers, host or host:port; empty is none.
func parseAdvertise(s string, port uint16) (netip.AddrPort, error) {
	if s == "" {
		return netip.AddrPort{}, nil
	}
	if host, ownPort, err := splitPort(s); err == nil {
		return lookupOne(host, ownPort)
	}
	return lookupOne(s, port)
}

func splitPort(s string) (host string, port uint16, err error) {
	host, text, err := net.SplitHostPort(s)
	if err != nil {
		return "", 0, fmt.Errorf("reading %q: %w", s, err)
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("reading the port of %q: %w", s, err)
	}
	return host, uint16(n), nil
}

// lookupOne returns the address of a host of this machine, by name or number.
func lookupOne(host string, port uint16) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return netip.AddrPortFrom(a.Unmap(), port), nil
	}
	found, err := net.ResolveIPAddr("ip", host)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("resolving %q: %w", host, err)
	}
	a, ok := netip.AddrFromSlice(found.IP)
	if !ok {
		return netip.AddrPort{}, fmt.Errorf("resolving %q: %v is not an address", host, found)
	}
	return netip.AddrPortFrom(a.Unmap(), port), nil
}

// meshCluster is a [mesh.Mesh] as a gateway wants it.
type meshCluster struct {
	*mesh.Mesh
	host ClusterHost
}

var _ Cluster = (*meshCluster)(nil)

// Start implements [Cluster].
func (c *meshCluster) Start(_ context.Context, h *hub.Hub) error {
	return c.Mesh.Start(h, meshLocal{c.host})
}

// Ask implements [Cluster].
func (c *meshCluster) Ask(ctx context.Context, kind string, body []byte) ([]Reply, error) {
	answers, err := c.Mesh.Ask(ctx, kind, body)
	if err != nil {
		return nil, err
	}
	replies := make([]Reply, len(answers))
	for i, a := range answers {
		replies[i] = Reply{Node: a.Node, Body: a.Body, Err: a.Err}
	}
	return replies, nil
}

// Announce implements [Cluster].
func (c *meshCluster) Announce(draining bool) {
	if err := c.Mesh.Announce(draining); err != nil {
		c.host.Logger.Warn("announcing to the mesh", "draining", draining, "error", err)
	}
}

// Close implements [Cluster]. A peer that cannot be told goodbye takes this gateway for crashed, which is not this one's
// failure.
func (c *meshCluster) Close(ctx context.Context) error {
	if err := c.Leave(ctx); err != nil {
		c.host.Logger.Warn("leaving the mesh", "error", err)
	}
	return c.Mesh.Close()
}

// Status implements [Cluster].
func (c *meshCluster) Status() ClusterStatus {
	s := c.Mesh.Status()
	out := ClusterStatus{Peers: make([]PeerStatus, 0, len(s.Peers))}
	select {
	case <-c.Ready():
	default:
		out.Waiting, out.KeysDiffer = c.ReadyReason(), c.KeysDiffer()
	}
	for _, p := range s.Peers {
		out.Peers = append(out.Peers, PeerStatus{
			Load: p.Load,
			Node: p.Node, Boot: p.Boot.String(), Address: p.Address, Version: p.Version, State: peerState(p), InStep: p.InStep,
			Draining: p.Draining, LinkedIn: p.LinkedIn, LinkedOut: p.LinkedOut, QueuedBytes: p.StateBytes + p.PublishBytes,
			HeardMs: p.HeardAgo.Milliseconds(), Entries: p.Entries, Error: p.Error,
		})
	}
	return out
}

// peerState puts a peer's state in one word.
func peerState(p mesh.PeerStatus) string {
	switch {
	case p.Departing:
		return "leaving"
	case p.State == "live":
		return "live"
	case p.State == "orphan":
		return "orphaned"
	case p.Alive:
		return "joining"
	default:
		return "dead"
	}
}

// meshLocal is the gateway as the mesh wants it.
type meshLocal struct{ host ClusterHost }

var _ mesh.Local = meshLocal{}

// Remember implements [mesh.Local].
func (l meshLocal) Remember(member, channel, key, mid string) (first string, duplicate bool) {
	return l.host.Remember(member, channel, key, mid)
}

// Lagging implements [mesh.Local].
func (l meshLocal) Lagging() bool { return l.host.Lagging() }

// Load implements [mesh.Local].
func (l meshLocal) Load() mesh.Load { return l.host.Load() }

// AwaitRoom implements [mesh.Local].
func (l meshLocal) AwaitRoom(ctx context.Context) error {
	l.host.AwaitRoom(ctx)
	return ctx.Err()
}
