package mesh

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/hub"
)

func isReady(m *Mesh) bool {
	select {
	case <-m.Ready():
		return true
	default:
		return false
	}
}

func awaitReady(t testing.TB, n *node) {
	t.Helper()
	await(t, func() string {
		if !isReady(n.mesh) {
			return n.name + " is not ready: " + n.mesh.ReadyReason()
		}
		return ""
	})
}

func TestReadyWithNobodyToJoin(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a")
	c.edit = func(cfg *Config) { cfg.Join = nil }
	n := c.boot("a")
	awaitReady(t, n)
	require.Equal(t, "alone: nobody to join is configured", n.mesh.ReadyReason())
}

// A gateway whose names to join resolve to nobody but itself is alone, once that has been so for a while.
func TestReadyAlone(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a")
	n := c.boot("a")
	began := time.Now()
	awaitReady(t, n)
	require.Greater(t, time.Since(began), n.cfg.Tuning.Alone*9/10)
	require.Equal(t, "alone: the addresses to join name nobody else", n.mesh.ReadyReason())
}

// One that knows of others is not alone, nor is one whose names do not resolve.
func TestNotReadyBeforeOthersAreFound(t *testing.T) {
	t.Parallel()
	for name, join := range map[string]string{"nobody answers": "127.0.0.1:1", "name does not resolve": "gateway.invalid:7946", "no port": "x"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, "a")
			c.edit = func(cfg *Config) {
				cfg.Join = append(cfg.Join, join)
				cfg.Tuning.Alone = 100 * time.Millisecond
				cfg.Tuning.Retry = 10 * time.Millisecond
			}
			n := c.boot("a")
			time.Sleep(500 * time.Millisecond)
			require.False(t, isReady(n.mesh))
			require.Equal(t, "looking for other gateways", n.mesh.ReadyReason())
		})
	}
}

// A gateway is ready when it has joined and is in step, and not before: presence is complete then.
func TestReadyInStep(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b", "c")
	nodes := c.start("a", "b")
	for i := range 500 {
		nodes[0].join(t, fmt.Sprint("room", i), "ann")
		nodes[1].join(t, fmt.Sprint("room", i), "bob")
	}
	n := c.boot("c")
	<-n.mesh.Ready()
	require.Equal(t, 1000, n.hub.Stats().PresenceEntries)
	require.Equal(t, "in step with 2 peers", n.mesh.ReadyReason())
	for _, o := range nodes {
		awaitReady(t, o)
	}
	// It latches: a peer that dies takes nobody out of service.
	nodes[0].kill()
	awaitState(t, n, nodes[0], "orphan")
	require.True(t, isReady(n.mesh))
}

// A gateway that is linked with nobody waits, and says for whom; one that dies meanwhile is not waited for.
func TestReadyWaitsForThePeersItSaw(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b", "c")
	nodes := c.start("a", "b")
	c.net.cut("b", "c", linksOnly)
	n := c.boot("c")
	await(t, func() string {
		if got := n.mesh.ReadyReason(); !strings.HasPrefix(got, "waiting to be in step with b at 127.") {
			return got
		}
		return ""
	})
	require.False(t, isReady(n.mesh))
	nodes[1].kill()
	c.net.cut("b", "c", linksDown)
	awaitReady(t, n)
}

// Waiting for readiness ends with the mesh.
func TestReadinessEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, step := range []func(m *Mesh){
			func(*Mesh) {},
			func(m *Mesh) { close(m.ready.joined) },
		} {
			m := &Mesh{cfg: Config{Join: []string{"x:1"}}.withDefaults(), ready: newReadiness()}
			m.logger = m.cfg.Logger
			behind := &peer{mesh: m, node: "b", follower: newFollower(newPresenceLog())}
			behind.alive.Store(true)
			m.peers.Store(&map[hub.Boot]*peer{1: behind})
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				m.becomeReady(ctx)
			}()
			step(m)
			synctest.Wait()
			m.ready.poke()
			synctest.Wait()
			require.False(t, isReady(m))
			cancel()
			<-done
			require.False(t, isReady(m))
		}
	})
}
