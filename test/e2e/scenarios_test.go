//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/test/e2e/crowd"
)

// rollingUpdate changes a setting, each time to another value.
func (o *operations) rollingUpdate(t *testing.T) crowd.Report {
	old := o.requirePodNames(t)
	return o.under(t, "rolling update", 3, func(t *testing.T) time.Time {
		now := time.Now()
		var want string
		o.edit(t, func(spec *v1alpha1.RealtimeClusterSpec) {
			spec.Typing.TTLSeconds = new(*spec.Typing.TTLSeconds%9 + 1)
			want = fmt.Sprintf("--typing-ttl=%ds", *spec.Typing.TTLSeconds)
		})
		o.awaitRolled(t, old, want)
		return now
	})
}

// scaleUp asks for half of the clients that each gateway has.
func (o *operations) scaleUp(t *testing.T) crowd.Report {
	return o.under(t, "autoscaling, 3 to 6", 6, func(t *testing.T) time.Time {
		return o.target(t, crowdClients/6)
	})
}

func (o *operations) scaleDown(t *testing.T) crowd.Report {
	return o.under(t, "autoscaling, 6 to 3", 3, func(t *testing.T) time.Time {
		return o.target(t, crowdClients/3)
	})
}

func (o *operations) target(t *testing.T, connections int32) time.Time {
	t.Helper()
	o.edit(t, func(spec *v1alpha1.RealtimeClusterSpec) {
		spec.Autoscaling = &v1alpha1.AutoscalingSpec{
			MinReplicas: new(int32(3)), MaxReplicas: new(int32(6)), TargetConnections: new(connections),
			ScaleDown: v1alpha1.ScaleDownSpec{StabilizationSeconds: new(int32(5))},
		}
	})
	return time.Now()
}

func (o *operations) deletePod(t *testing.T) crowd.Report {
	victim := o.busiest()
	return o.under(t, "kubectl delete pod", 3, func(t *testing.T) time.Time {
		now := time.Now()
		require.NoError(t, o.api.Delete(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: victim}}))
		o.awaitGone(t, victim)
		return now
	})
}

// drainNode does what `kubectl drain` does, by kubectl.
func (o *operations) drainNode(t *testing.T) crowd.Report {
	node := o.otherNode(t)
	if node == "" {
		return crowd.Report{}
	}
	r := o.under(t, "kubectl drain of a node", 3, func(t *testing.T) time.Time {
		now := time.Now()
		o.kubectl(t, "drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=4m")
		return now
	})
	o.kubectl(t, "uncordon", node)
	return r
}

// otherNode is one with a gateway and without the control plane.
func (o *operations) otherNode(t *testing.T) string {
	t.Helper()
	pods, err := o.pods(t.Context())
	require.NoError(t, err)
	for _, pod := range pods {
		if pod.Spec.NodeName != "node-1" && o.kube != "" {
			return pod.Spec.NodeName
		}
	}
	t.Log("LEFT OUT: no node has a gateway that could be drained or lost")
	return ""
}

func (o *operations) kubectl(t *testing.T, args ...string) {
	t.Helper()
	ctx, cancel := context.WithDeadline(t.Context(), o.deadline)
	defer cancel()
	output, err := exec.CommandContext(ctx, "kubectl", args...).CombinedOutput()
	require.NoError(t, err, "kubectl %v: %s", args, output)
}

func (o *operations) awaitGone(t *testing.T, pod string) {
	t.Helper()
	o.await(t, pod+" is gone", func(ctx context.Context) error {
		names, err := o.podNames(ctx)
		if slices.Contains(names, pod) {
			return fmt.Errorf("it is among %v", names)
		}
		return err
	})
}
