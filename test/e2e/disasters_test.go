//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/test/e2e/crowd"
)

// storm breaks all connections of each gateway in turn, at once, and so spreads the clients over all gateways. Only the first is
// accounted for.
func (o *operations) storm(t *testing.T) crowd.Report {
	gateways := len(o.requirePodNames(t))
	old := o.crowd.Gateways()
	first := o.busiest()
	restarts := o.restarts(t)
	r := o.under(t, "reconnect storm", gateways, func(t *testing.T) time.Time {
		now := time.Now()
		t.Logf("%d clients of %s lost their connection at once", o.crowd.Cut(first), first)
		return now
	})
	require.Equal(t, restarts, o.restarts(t), "a gateway was restarted")
	delete(old, first)
	for name := range old {
		o.crowd.Cut(name)
		o.await(t, "everybody is connected", func(context.Context) error { return o.crowd.Connected() })
		o.await(t, "everybody sees everybody", func(context.Context) error { return o.crowd.Complete() })
	}
	t.Logf("gateways and their clients: %v", o.crowd.Gateways())
	return r
}

// restarts counts those of all gateways together.
func (o *operations) restarts(t *testing.T) int32 {
	t.Helper()
	pods, err := o.pods(t.Context())
	require.NoError(t, err)
	var n int32
	for _, pod := range pods {
		for _, c := range pod.Status.ContainerStatuses {
			n += c.RestartCount
		}
	}
	return n
}

// ghosts is how many clients of a gateway that dies do not come back.
const ghosts = 5

// killGateway ends a gateway as the kernel does when memory is short.
func (o *operations) killGateway(t *testing.T) crowd.Report {
	victim := o.busiest()
	t.Logf("%v of %s will not come back", o.crowd.Vanish(victim, ghosts), victim)
	pods, err := o.pods(t.Context())
	require.NoError(t, err)
	for _, pod := range pods {
		if pod.Name == victim {
			return o.under(t, "SIGKILL of a gateway", 3, func(t *testing.T) time.Time {
				o.kill(t, &pod)
				o.awaitDepartures(t)
				return time.Time{} // the clients know better when it was
			})
		}
	}
	t.Fatalf("there is no pod %s", victim)
	return crowd.Report{}
}

// loseNode takes a node's power, and gives it back when everybody is elsewhere.
func (o *operations) loseNode(t *testing.T) crowd.Report {
	node := o.otherNode(t)
	if node == "" {
		return crowd.Report{}
	}
	return o.under(t, "loss of a node", 3, func(t *testing.T) time.Time {
		pods, err := o.pods(t.Context())
		require.NoError(t, err)
		lost := map[string]bool{}
		for _, pod := range pods {
			lost[pod.Name] = pod.Spec.NodeName == node
		}
		o.onNode(t, "stop", node)
		now := time.Now()
		o.await(t, "nobody is at a gateway of "+node, func(context.Context) error {
			for name, n := range o.crowd.Gateways() {
				if lost[name] {
					return fmt.Errorf("%d clients are at %s", n, name)
				}
			}
			return o.crowd.Connected()
		})
		t.Logf("everybody was elsewhere %v after the loss of %s", time.Since(now).Round(100*time.Millisecond), node)
		o.onNode(t, "start", node)
		return now
	})
}

// awaitDepartures waits until whoever stays sees nobody any more who has vanished.
func (o *operations) awaitDepartures(t *testing.T) {
	t.Helper()
	o.await(t, "those who vanished are seen to leave", func(context.Context) error { return o.crowd.Complete() })
}
