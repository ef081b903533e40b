package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/rebalance"
)

// serving is a peer that has few clients and can take more.
func serving(node string, connections int) gateway.PeerStatus {
	return gateway.PeerStatus{
		Node: node, Boot: node, State: "live", InStep: true, LinkedIn: true, LinkedOut: true,
		Load: &gateway.Load{Connections: connections, Headroom: 1000, AcceptPerSecond: 1000},
	}
}

// rebalancing starts a gateway with so many clients and one peer that has none, which decides quickly.
func rebalancing(t *testing.T, clients int, rest time.Duration) (*server, *fakeCluster, []*peer) {
	t.Helper()
	cluster, use := newCluster()
	s := serve(t, func(c *gateway.Config, o *gateway.Options) {
		use(c, o)
		c.Rebalance, c.Deregister = true, time.Hour
		o.Rebalance = gateway.RebalanceTuning{
			Every: 10 * time.Millisecond, Rest: rest,
			Plan: rebalance.Options{Steady: 50 * time.Millisecond, Lag: 50 * time.Millisecond, Share: 1},
		}
	}).ready()
	var all []*peer
	for i := range clients {
		all = append(all, s.member(fmt.Sprintf("m%d", i)))
	}
	return s, cluster, all
}

func (s *server) awaitRebalance(state string) gateway.RebalanceStatus {
	s.t.Helper()
	eventually(s.t, func() bool { return s.Status().Rebalance.State == state }, state)
	return s.Status().Rebalance
}

func TestGatewayWithMoreThanTheOthersAsksSomeToMove(t *testing.T) {
	s, cluster, clients := rebalancing(t, 40, time.Millisecond)
	require.Equal(t, "Even", s.Status().Rebalance.Policy)
	asked := make(chan struct{}, len(clients))
	for _, p := range clients {
		go func() {
			for {
				var f frame
				if err := p.ReadJSON(&f); err != nil {
					return
				}
				if f.Type == "reconnect" {
					if !strings.Contains(string(f.Payload), `"reason":"rebalance"`) {
						t.Errorf("the payload is %s", f.Payload)
					}
					asked <- struct{}{}
					_ = p.Close()
					return
				}
			}
		}()
	}
	cluster.setPeers(serving("gw-1", 0))
	gone := 0
	for range 20 {
		<-asked
		gone++
		peer := serving("gw-1", gone)
		cluster.setPeers(peer)
	}
	status := s.awaitRebalance("even")
	require.Equal(t, 20, status.Asked)
	s.metric(`starling_connections 20`)
	s.metric(`starling_rebalance_asked_total 20`)
	s.metric(`starling_rebalance_stopped 0`)
	require.Equal(t, 20, cluster.host.Load().Shed, "the others are told")
	require.Empty(t, asked)
}

func TestClientsThatDoNotMoveAreNotAskedForEver(t *testing.T) {
	s, cluster, _ := rebalancing(t, 80, time.Millisecond)
	cluster.setPeers(serving("gw-1", 0), serving("gw-2", 0), serving("gw-3", 90))
	status := s.awaitRebalance("shedding")
	require.Positive(t, status.Excess)
	// 37 above the mean are asked, and count as leaving for half a minute.
	eventually(t, func() bool { return s.Status().Rebalance.Asked == 37 }, "asked")
	s.metric(`starling_rebalance_excess 37`)
}

func TestMovesThatDoNotHelpStopRebalancing(t *testing.T) {
	s, cluster, _ := rebalancing(t, 80, time.Millisecond)
	// Another gateway asks, and its clients come back.
	other := serving("gw-1", 80)
	cluster.setPeers(other, serving("gw-2", 0))
	s.awaitRebalance("shedding")
	eventually(t, func() bool {
		shed := *other.Load
		shed.Shed += 10
		other.Load = &shed
		cluster.setPeers(other, serving("gw-2", 0))
		return s.Status().Rebalance.State == "stopped"
	}, "stopped")
	require.Contains(t, s.Status().Rebalance.Reason, "cannot go where there is room")
	s.metric(`starling_rebalance_stopped 1`)
	s.metric(`starling_rebalance_stops_total 1`)
}

func TestNobodyIsAskedBeforeTheRestIsOver(t *testing.T) {
	s, cluster, _ := rebalancing(t, 40, time.Hour)
	cluster.setPeers(serving("gw-1", 0))
	status := s.awaitRebalance("shedding")
	require.Contains(t, status.Reason, "a short while ago")
	require.Zero(t, s.Status().Rebalance.Asked)
}

func TestRebalancingRests(t *testing.T) {
	s, cluster, _ := rebalancing(t, 40, time.Hour)
	for what, edit := range map[string]func(*gateway.PeerStatus){
		"drains":                func(p *gateway.PeerStatus) { p.Draining = true },
		"is not in step":        func(p *gateway.PeerStatus) { p.InStep = false },
		"is not linked":         func(p *gateway.PeerStatus) { p.LinkedIn = false },
		"is lost":               func(p *gateway.PeerStatus) { p.State = "orphaned" },
		"has not said anything": func(p *gateway.PeerStatus) { p.Load = nil },
		"takes nobody yet":      func(p *gateway.PeerStatus) { p.Load = &gateway.Load{Headroom: 1000} },
	} {
		cluster.setPeers(serving("gw-1", 0))
		s.awaitRebalance("shedding")
		peer := serving("gw-1", 0)
		edit(&peer)
		cluster.setPeers(peer)
		s.awaitRebalance("resting")
		t.Log(what)
	}
	gone := gateway.PeerStatus{Node: "gw-2", Boot: "gw-2", State: "dead"}
	cluster.setPeers(serving("gw-1", 0), gone)
	s.awaitRebalance("shedding")
	s.StartDrain(gateway.DrainRequest{})
	require.Contains(t, s.awaitRebalance("resting").Reason, "drains")
}
