package gateway_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/hub"
)

// meshed starts two gateways and waits until they see each other.
func meshed(t *testing.T) (a, b *server) {
	t.Helper()
	key := keyring.NewKey()
	var addrs []string
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		addrs = append(addrs, l.Addr().String())
		require.NoError(t, l.Close())
	}
	var all []*server
	for i := range 2 {
		all = append(all, serve(t, func(c *gateway.Config, o *gateway.Options) {
			c.NodeName, c.MeshListen, c.Join = fmt.Sprintf("gw-%d", i), addrs[i], addrs
			c.Deregister, c.DrainWindow, c.DisconnectGrace = 0, 10*time.Second, 5*time.Second
			o.Logger = slog.New(slog.DiscardHandler) // memberlist says something when the test is over already
			o.Boot = hub.Boot(rand.Uint64() | 1)
			keys, err := keyring.New(keyring.Identity{Cluster: c.Cluster, Boot: o.Boot}, []keyring.Key{key})
			require.NoError(t, err)
			o.Keys, o.NewCluster = keys, gateway.NewMesh
		}))
	}
	for _, s := range all {
		eventually(t, func() bool {
			peers := s.Status().Peers
			ready, _ := s.Ready()
			return ready && len(peers) == 1 && peers[0].LinkedIn && peers[0].LinkedOut
		}, "both see each other")
	}
	return all[0], all[1]
}

func TestEventStreamAcrossGateways(t *testing.T) {
	a, b := meshed(t)
	e := a.follow("member=ann&channel=r", nil)
	e.expect("presence:snapshot")
	require.Nil(t, e.expect(protocol.StreamJoined).get(t, "partial"))
	bob := b.member("bob")
	bob.say(`{"type":"join","id":1,"payload":{"channel":"r"}}`)
	bob.expect("presence:snapshot")
	bob.expect("reply")
	require.Equal(t, "bob", e.expect("presence:join").get(t, "memberId"))
	for i := range 20 {
		bob.say(`{"type":"publish","payload":{"channel":"r","type":"m","payload":%d}}`, i)
	}
	for i := range 20 {
		require.Equal(t, fmt.Sprint(i), string(e.expect("m").Payload))
	}
}

// A gateway that drains sends its streams away within its window: a client that knows only to connect again when the stream ends stays
// present all the time, and is told that it may have missed something.
func TestEventStreamMovesFromAGatewayThatDrains(t *testing.T) {
	a, b := meshed(t)
	watcher := b.member("bob")
	watcher.join("r")
	e := a.follow("member=ann&channel=r", nil)
	e.expect("presence:snapshot")
	e.expect(protocol.StreamJoined)
	require.Equal(t, "ann", watcher.expect("presence:join").get(t, "memberId"))
	retry := e.retry

	require.True(t, a.StartDrain(gateway.DrainRequest{Reason: "test"}))
	moves := e.expect("reconnect")
	require.Equal(t, "drain", moves.get(t, "reason"))
	watcher.say(`{"type":"publish","payload":{"channel":"r","type":"m","payload":"still"}}`)
	require.Equal(t, `"still"`, string(e.expect("m").Payload), "it can be read during the overlap")
	e.expectEnd(protocol.CloseRestart)
	require.NotEqual(t, retry, e.retry, "and is told anew when to come back")

	again := b.follow("member=ann&channel=r", map[string][]string{"Last-Event-Id": {e.lastID}})
	again.expect("presence:snapshot")
	again.expect("gap")
	require.Equal(t, false, again.expect(protocol.StreamJoined).get(t, "newlyPresent"))
	a.awaitPhase(gateway.PhaseDrained)
	status := a.DrainStatus()
	require.Equal(t, []int{1, 0}, []int{status.Moved, status.Forced})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, a.Close(ctx))
	watcher.settle() // nobody left, nobody came
}

// A client that knows of moving connects first, reads both, and misses nothing: it is no gap.
func TestEventStreamConnectsBeforeItGoes(t *testing.T) {
	a, b := meshed(t)
	watcher := b.member("bob")
	watcher.join("r")
	e := a.follow("member=ann&channel=r&session=s1&presence=none", nil)
	e.expect(protocol.StreamJoined)
	watcher.expect("presence:join")
	require.True(t, a.StartDrain(gateway.DrainRequest{Reason: "test"}))
	e.expect("reconnect")
	next := b.follow("member=ann&channel=r&session=s1&presence=none", nil)
	next.expect(protocol.StreamJoined)
	watcher.say(`{"type":"publish","payload":{"channel":"r","type":"m"}}`)
	require.Equal(t, next.expect("m").MID, e.expect("m").MID)
	e.close()
	a.awaitPhase(gateway.PhaseDrained)
	require.Equal(t, 1, a.DrainStatus().Moved)
	watcher.settle()
}
