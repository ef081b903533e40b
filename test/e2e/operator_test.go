//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

// nodeGraceSeconds is long enough for clients to come back to other gateways.
const nodeGraceSeconds = 8

// stepTimeout is generous, since the machine may be busy: a roll takes a minute, and nothing else takes longer.
const stepTimeout = 5 * time.Minute

// TestOperator is one story. Each step begins where the one before ended, and the first that fails ends it.
func TestOperator(t *testing.T) {
	w := newWorld(t)
	for _, step := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"Helm installs the operator", w.install},
		{"a cluster becomes ready", w.apply},
		{"its network policy opens each port to those who need it", w.policy},
		{"members on different pods see each other", w.meet},
		{"the cluster grows to four", w.grow},
		{"the cluster shrinks to two and nobody is seen to leave", w.shrink},
		{"a killed gateway is repaired", w.crash},
		{"changed settings roll the gateways", w.change},
		{"the settings hold for clients, backends and the dashboard", w.settings},
		{"kubectl starling tells of the gateways to whom its role was given", w.plugin},
		{"deleted objects come back", w.heal},
		{"gateways live on without the operator", w.alone},
		{"Helm upgrades the operator and the gateways follow", w.upgrade},
		{"a deleted cluster leaves nothing", w.remove},
		{"Helm uninstalls the operator", w.uninstall},
	} {
		passed := t.Run(step.name, func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					w.dump(t)
					return
				}
				moves, breaks := w.travels()
				t.Logf("so far the members moved %d times, and came back %d times from a broken connection", moves, breaks)
			})
			w.begin(t, stepTimeout)
			step.run(t)
		})
		if !passed {
			return
		}
	}
}

func (w *world) install(t *testing.T) {
	w.helm(t, "install", release, "../../charts/starling", "--namespace", operatorNamespace, "--create-namespace", "--wait",
		"--timeout", "4m", "--set", "image.repository="+w.repository, "--set", "image.tag="+w.tag)
	w.ensureNamespace(t, namespace)
}

func (w *world) apply(t *testing.T) {
	rtc := &v1alpha1.RealtimeCluster{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: clusterName},
		Spec: v1alpha1.RealtimeClusterSpec{
			Replicas: new(int32(2)),
			Auth:     v1alpha1.AuthSpec{Type: v1alpha1.AuthAnonymous},
			// As many as fit into the short window below.
			Gateway:  v1alpha1.GatewaySpec{Capacity: v1alpha1.CapacitySpec{Connections: new(int32(1000))}},
			Presence: v1alpha1.PresenceSpec{DisconnectGraceSeconds: new(int32(5)), NodeGraceSeconds: new(int32(nodeGraceSeconds))},
			Drain: v1alpha1.DrainSpec{
				DeregisterSeconds: new(int32(5)), WindowSeconds: new(int32(4)), CloseSeconds: new(int32(2)),
			},
		},
	}
	require.NoError(t, w.api.Create(t.Context(), rtc))
	w.awaitSettled(t, 2)
	require.NoError(t, w.lookUp(t.Context()))
}

// meet spreads six members over both gateways.
func (w *world) meet(t *testing.T) {
	names := w.requirePodNames(t)
	require.Len(t, names, 2)
	w.requireSpread(t)
	since := marks{}
	for i, name := range []string{"ada", "bob", "cyd", "dee", "eve", "fay"} {
		before := slices.Clone(w.members)
		m := w.join(t, name, true, func(gateway string) bool { return gateway == names[i%2] })
		for _, other := range before {
			w.awaitFrame(t, other, since[other], "the arrival of "+name, func(r record) bool {
				return r.Type == "presence:join" && r.body().MemberID == name
			})
		}
		since[m] = 0
	}
	t.Logf("places: %v", w.places())
	w.requireChat(t)
	w.requireTyping(t, w.members[0])
	everybody := make([]string, 0, len(w.members))
	for _, m := range w.members {
		everybody = append(everybody, m.name)
	}
	for _, m := range w.members {
		from := m.now()
		require.NoError(t, m.request("presence", map[string]any{}))
		r := w.awaitFrame(t, m, from, "who is there", func(r record) bool { return r.Type == "reply" && r.body().Members != nil })
		require.ElementsMatch(t, everybody, r.body().Members)
	}
}

// scale is what `kubectl scale` does.
func (w *world) scale(t *testing.T, replicas int32) {
	t.Helper()
	rtc, err := w.cluster(t.Context())
	require.NoError(t, err)
	to := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: replicas}}
	require.NoError(t, w.api.SubResource("scale").Update(t.Context(), rtc, client.WithSubResourceBody(to)))
}

func (w *world) grow(t *testing.T) {
	since := w.mark()
	w.scale(t, 4)
	w.awaitSettled(t, 4)
	w.requireChat(t)
	w.requireNoFlicker(t, since)
	for i, name := range []string{"gus", "hal", "ivy", "jan"} {
		at := w.requirePodNames(t)[i]
		w.join(t, name, true, func(gateway string) bool { return gateway == at })
	}
	t.Logf("places: %v", w.places())
	w.requireChat(t)
	w.awaitView(t)
}

func (w *world) shrink(t *testing.T) {
	since := w.mark()
	w.scale(t, 2)
	w.awaitSettled(t, 2)
	names := w.requirePodNames(t)
	w.awaitMoved(t, fmt.Sprintf("everybody is at one of %v", names), func(gateway string) bool { return slices.Contains(names, gateway) })
	moves, _ := w.travels()
	require.Positive(t, moves, "nobody was asked to move")
	w.requireChat(t)
	w.awaitView(t)
	w.requireNoFlicker(t, since)
}
