package mesh

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// patientCluster is one whose links do not break because the machine has no time for them.
func patientCluster(t *testing.T, names ...string) *cluster {
	t.Helper()
	c := newCluster(t, names...)
	c.edit = func(cfg *Config) { cfg.Timing.Silence, cfg.Timing.Handshake = patience, patience }
	return c
}

// leaveAll lets nodes leave at the same moment, each of which closes as soon as it has said goodbye. The patience is far longer than
// what a gateway has for it: who waits for one that is gone fails.
func leaveAll(t *testing.T, nodes ...*node) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	failed := make([]error, len(nodes))
	var leaving sync.WaitGroup
	begin := make(chan struct{})
	for i, n := range nodes {
		leaving.Go(func() {
			<-begin
			failed[i] = n.mesh.Leave(ctx)
			n.kill()
		})
	}
	close(begin)
	leaving.Wait()
	for i, n := range nodes {
		require.NoError(t, failed[i], "%s leaves\n%s", n.name, n.log.tail(30))
	}
}

// Gateways that stop at the same moment do not wait for each other.
func TestAllLeaveAtOnce(t *testing.T) {
	t.Parallel()
	for round := range 5 {
		t.Run(fmt.Sprint("round ", round), func(t *testing.T) {
			t.Parallel()
			c := patientCluster(t, "a", "b", "c")
			nodes := c.start("a", "b", "c")
			for _, n := range nodes {
				n.join(t, "room", "of "+n.name)
				n.publish(t, "room", "of "+n.name, "the last word")
			}
			leaveAll(t, nodes...)
		})
	}
}

// A gateway is left by one that has said goodbye itself, and ended before it could hear the answer.
func TestLeaveAfterThePeerHasLeft(t *testing.T) {
	t.Parallel()
	c := patientCluster(t, "a", "b")
	nodes := c.start("a", "b")
	a, b := nodes[0], nodes[1]
	// From here on a applies nothing of b.
	deaf := &a.mesh.peer(b.boot).apply
	deaf.Lock()
	defer deaf.Unlock()
	left := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() { left <- b.mesh.Leave(ctx) }()
	await(t, func() string {
		if b.mesh.peer(a.boot).sender.Pending(0) == 0 {
			return "b has not said goodbye"
		}
		return ""
	})
	require.NoError(t, a.mesh.peer(b.boot).sayGoodbye(ctx))
	select {
	case err := <-left:
		require.Fail(t, "b did not wait for a, which was there still", "%v", err)
	default:
	}
	// The first that Close does.
	a.mesh.peer(b.boot).sender.Stop()
	require.NoError(t, <-left)
}

// A peer that has crashed is not waited for, and one that is there gets its goodbye all the same.
func TestLeaveAfterACrash(t *testing.T) {
	t.Parallel()
	c := patientCluster(t, "a", "b", "c")
	nodes := c.start("a", "b", "c")
	w := nodes[0].join(t, "room", "ann")
	nodes[1].join(t, "room", "bob")
	c.awaitPresence(t, "room", "ann", "bob")
	nodes[1].publish(t, "room", "bob", "the last word")
	nodes[2].kill()
	leaveAll(t, nodes[1])
	require.Equal(t, 1, w.count(`chat room "the last word"`))
	require.True(t, nodes[0].mesh.peer(nodes[1].boot).departing.Load())
}
