//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/test/e2e/crowd"
)

// The crowd, and the gateways that it is at. A gateway's clients fit into the window: 1000 <= 10 s x 50 a second x 2 others.
const (
	crowdClients    = 600
	crowdChannels   = 60
	publishEvery    = 500 * time.Millisecond
	acceptPerSecond = 50
	mostConnections = 1000
	windowSeconds   = 10
	nodeGrace       = 10 * time.Second
)

// scenarioTimeout is generous: the longest takes two minutes on a machine that does nothing else, and nine were seen on a busy one.
const scenarioTimeout = 12 * time.Minute

// operations is a crowd at a cluster that is changed under it.
type operations struct {
	*world
	crowd   *crowd.Crowd
	reports []crowd.Report
	// restart says when the operator is restarted, after the beginning of each scenario; negative: never.
	restart time.Duration
}

// A scenario is a change, with what may be seen of it.
type scenario struct {
	name  string
	run   func(*testing.T) crowd.Report
	check func(*testing.T, crowd.Report)
}

// TestOperations changes a cluster of three gateways under 600 clients that publish all the time. Each scenario begins where the
// one before ended. E2E_FULL=1 runs all of them without a restart of the operator too, and with an early and a late one.
func TestOperations(t *testing.T) {
	o := &operations{world: newWorld(t)}
	t.Cleanup(o.tell)
	o.setUp(t)
	restarts := []time.Duration{3 * time.Second}
	if os.Getenv("E2E_FULL") != "" {
		restarts = []time.Duration{-1, 0, 3 * time.Second, 15 * time.Second}
	}
	for _, o.restart = range restarts {
		if !o.all(t) {
			return
		}
	}
	o.tearDown(t)
}

func (o *operations) all(t *testing.T) bool {
	for _, s := range []scenario{
		{"rolling update", o.rollingUpdate, o.requireUnnoticed},
		{"autoscaling, 3 to 6", o.scaleUp, o.requireUnnoticed},
		{"reconnect storm", o.storm, o.requireTold},
		{"autoscaling, 6 to 3", o.scaleDown, o.requireUnnoticed},
		{"kubectl delete pod", o.deletePod, o.requireUnnoticed},
		{"kubectl drain", o.drainNode, o.requireUnnoticed},
		{"SIGKILL of a gateway", o.killGateway, o.requireRepaired},
		{"loss of a node", o.loseNode, o.requireTold},
	} {
		name := s.name
		if o.restart >= 0 {
			name += fmt.Sprintf(", operator restarted after %v", o.restart)
		}
		if !t.Run(name, func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					o.dump(t)
				}
			})
			o.begin(t, scenarioTimeout)
			r := s.run(t)
			if r.Scenario == "" {
				return // it was left out, and has said so
			}
			o.reports = append(o.reports, r)
			t.Logf("%+v", r)
			s.check(t, r)
		}) {
			return false
		}
	}
	return true
}

func (o *operations) setUp(t *testing.T) {
	t.Helper()
	o.begin(t, scenarioTimeout)
	t.Cleanup(func() {
		if t.Failed() && o.crowd == nil {
			o.dump(t)
		}
	})
	o.install(t)
	require.NoError(t, o.api.Create(t.Context(), &v1alpha1.RealtimeCluster{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: clusterName},
		Spec: v1alpha1.RealtimeClusterSpec{
			Replicas: new(int32(3)),
			Auth:     v1alpha1.AuthSpec{Type: v1alpha1.AuthAnonymous},
			Gateway: v1alpha1.GatewaySpec{Capacity: v1alpha1.CapacitySpec{
				Connections: new(int32(mostConnections)), AcceptPerSecond: new(int32(acceptPerSecond)),
			}},
			Presence: v1alpha1.PresenceSpec{DisconnectGraceSeconds: new(int32(5)), NodeGraceSeconds: new(int32(nodeGrace / time.Second))},
			Drain: v1alpha1.DrainSpec{
				DeregisterSeconds: new(int32(5)), WindowSeconds: new(int32(windowSeconds)), CloseSeconds: new(int32(3)),
			},
		},
	}))
	o.awaitSettled(t, 3)
	require.NoError(t, o.lookUp(t.Context()))
	ctx, cancel := context.WithDeadline(t.Context(), o.deadline)
	defer cancel()
	var err error
	o.crowd, err = crowd.Start(ctx, crowd.Config{
		URL: "ws://" + *o.address.Load() + "/ws", Clients: crowdClients, Channels: crowdChannels, Every: publishEvery, Arrivals: 50,
	})
	require.NoError(t, err)
	t.Cleanup(o.crowd.Close)
	t.Logf("gateways and their clients: %v", o.crowd.Gateways())
}

func (o *operations) tearDown(t *testing.T) {
	t.Helper()
	o.begin(t, scenarioTimeout)
	o.crowd.Close()
	o.remove(t)
	o.uninstall(t)
}

// under runs a change under the crowd, with a restart of the operator in the middle, and accounts for what the crowd went through
// until the cluster has settled at so many gateways. The change returns when it began.
func (o *operations) under(t *testing.T, name string, gateways int, change func(t *testing.T) time.Time) crowd.Report {
	t.Helper()
	ctx, cancel := context.WithDeadline(t.Context(), o.deadline)
	defer cancel()
	mark, err := o.crowd.Mark(ctx)
	require.NoError(t, err)
	stop := o.restartOperator(t)
	since := change(t)
	o.awaitSettled(t, gateways)
	o.await(t, "everybody is connected", func(context.Context) error { return o.crowd.Connected() })
	o.await(t, "everybody sees everybody", func(context.Context) error { return o.crowd.Complete() })
	stop()
	names := o.requirePodNames(t)
	o.await(t, "everybody is at a gateway that lives", func(context.Context) error {
		for name, clients := range o.crowd.Gateways() {
			if name != "" && !slices.Contains(names, name) {
				return fmt.Errorf("%d clients are at %s, and there are %v", clients, name, names)
			}
		}
		return nil
	})
	return o.crowd.Account(ctx, name, mark, since)
}

// restartOperator deletes the operator's pods when it is time. The function that it returns waits for that, and until the operator is
// back.
func (o *operations) restartOperator(t *testing.T) (wait func()) {
	t.Helper()
	if o.restart < 0 {
		return func() {}
	}
	done := make(chan error, 1)
	ctx := t.Context()
	go func() {
		pause(ctx, o.restart)
		done <- o.deleteOperator(ctx)
	}()
	return func() {
		require.NoError(t, <-done)
		o.awaitOperators(t, 1)
	}
}

// busiest is the gateway with the most clients.
func (o *operations) busiest() string {
	gateways := o.crowd.Gateways()
	delete(gateways, "")
	return slices.MaxFunc(slices.Sorted(maps.Keys(gateways)), func(a, b string) int { return gateways[a] - gateways[b] })
}
