package drain

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
)

// A gateway gets SIGTERM while hundreds of members talk. Nobody on any gateway sees anybody leave, and every message comes once.
func TestMoveIsInvisible(t *testing.T) {
	w := newWorld(t, 3, func(_ int, cfg *gateway.Config) { cfg.DrainWindow = 8 * time.Second })
	leaving := w.nodes[0]
	members := w.connect(300/portion, 10, w.dial, w.dial)
	atStart := leaving.metric("starling_connections")
	require.NotZero(t, atStart)
	var speakers []*speaker
	for _, m := range members[:10] {
		speakers = append(speakers, m.speak(t))
	}
	leaving.stop()
	<-leaving.done
	for _, m := range members {
		eventually(t, func() bool { return m.c.Gateway() != leaving.cfg.NodeName }, m.name+" has moved")
	}
	requireHeardOnce(t, members, speakers)
	require.Equal(t, atStart, requireUndisturbed(t, members))
	for _, n := range w.nodes[1:] {
		require.Zero(t, n.metric("starling_mesh_gaps_total"))
		n.requireRate(time.Time{})
	}
}

// Survivors that take few connections a second take so many and not more, while a gateway with more than 500 clients drains.
func TestSurvivorsTakeAtTheirRate(t *testing.T) {
	w := newWorld(t, 3, func(i int, cfg *gateway.Config) {
		cfg.DrainWindow = 16 * time.Second
		if i > 0 {
			cfg.Limits.AcceptPerSecond = 28 / portion
		}
	})
	leaving := w.nodes[0]
	members := w.connect(520/portion, 26, leaving.dial, w.dial)
	begin := time.Now()
	leaving.stop()
	<-leaving.done
	require.Equal(t, len(members), requireUndisturbed(t, members))
	for _, n := range w.nodes[1:] {
		n.requireRate(begin)
		require.Zero(t, n.metric("starling_mesh_gaps_total"))
	}
}

// Two gateways that drain at the same time share what the others take, so that nobody is refused.
func TestTwoDrainsShareTheSurvivors(t *testing.T) {
	w := newWorld(t, 4, func(i int, cfg *gateway.Config) {
		cfg.DrainWindow = 12 * time.Second
		if i > 1 {
			cfg.Limits.AcceptPerSecond = 20 / portion
		}
	})
	members := w.connect(100/portion, 10, w.nodes[0].dial, w.dial)
	members = append(members, w.connect(100/portion, 10, w.nodes[1].dial, w.dial)...)
	begin := time.Now()
	for _, n := range w.nodes[:2] {
		n.stop()
	}
	for _, n := range w.nodes[:2] {
		<-n.done
	}
	require.Equal(t, len(members), requireUndisturbed(t, members))
	for _, n := range w.nodes[2:] {
		n.requireRate(begin)
		_, refused := n.tryMetric(`starling_refused_total{reason="busy"}`)
		require.False(t, refused, "nobody")
	}
}

// Clients that are closed all at once come back all at once. The survivors take them at their rate, and everybody is back in the end.
func TestStormIsSurvived(t *testing.T) {
	w := newWorld(t, 3, func(i int, cfg *gateway.Config) {
		cfg.Deregister, cfg.DrainWindow, cfg.DrainClose = 0, 0, 0
		if i > 0 {
			cfg.Limits.AcceptPerSecond, cfg.Limits.AcceptQueue = 30/portion, 10/portion
		}
	})
	leaving := w.nodes[0]
	members := w.connect(250/portion, 10, leaving.dial, w.dial)
	begin := time.Now()
	leaving.stop()
	<-leaving.done
	for _, m := range members {
		eventually(t, func() bool { return m.c.Gateway() != leaving.cfg.NodeName && m.c.Gateway() != "" }, m.name+" is back")
	}
	eventually(t, func() bool {
		return w.nodes[1].metric("starling_connections")+w.nodes[2].metric("starling_connections") == len(members)
	}, "all are back")
	refused := 0
	for _, n := range w.nodes[1:] {
		require.True(t, n.isReady())
		n.requireRate(begin)
		busy, _ := n.tryMetric(`starling_refused_total{reason="busy"}`)
		refused += busy
	}
	require.Positive(t, refused)
}
