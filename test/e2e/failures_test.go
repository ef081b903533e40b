//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/starling-realtime/starling/controllers/resources"
)

// noise is what a busy machine may add to a time that is promised.
const noise = 10 * time.Second

// crash kills a gateway as the kernel does when memory is short. Who comes back is never seen to leave; who does not, leaves once.
func (w *world) crash(t *testing.T) {
	victim := w.pickPod(t)
	ghost := w.join(t, "ghost", false, func(gateway string) bool { return gateway == victim.Name })
	w.requireChat(t)
	survivors, displaced := w.mark(), marks{}
	delete(survivors, ghost)
	for m, from := range survivors {
		if m.at() == victim.Name {
			displaced[m] = from
			delete(survivors, m)
		}
	}
	require.NotEmpty(t, survivors)
	require.NotEmpty(t, displaced)

	before := time.Now()
	w.kill(t, &victim)
	killed := w.awaitBreak(t, displaced, before)
	for m, from := range survivors {
		r := w.awaitFrame(t, m, from, "the ghost's leave", leaveOf("ghost"))
		took := r.at.Sub(killed)
		t.Logf("%s saw the ghost leave after %v", m.name, took.Round(10*time.Millisecond))
		require.Less(t, took, (nodeGraceSeconds+1)*time.Second+noise)
	}
	w.dismiss(ghost)
	w.awaitSettled(t, 2)
	w.awaitMoved(t, "everybody is connected again", func(string) bool { return true })
	w.requireChat(t)
	w.awaitView(t)
	w.requireOneLeave(t, survivors, "ghost")
	// A gateway that has just started does not know whom the crashed one had. Who comes back to it may miss in the snapshot those
	// who are still on their way, and sees them arrive.
	for m, from := range displaced {
		for _, r := range m.got(from, func(r record) bool { return r.Type == "presence:leave" }) {
			require.Equal(t, "ghost", r.body().MemberID, "%s saw a member leave that came back", m.name)
		}
		for other := range survivors {
			require.Empty(t, m.got(from, func(r record) bool { return r.Type == "presence:join" && r.body().MemberID == other.name }))
		}
	}
}

// awaitBreak waits until a member has noticed that its gateway died, and says when that was: what it takes to give the order is another
// matter, and on a busy machine the longer one.
func (w *world) awaitBreak(t *testing.T, displaced marks, before time.Time) time.Time {
	t.Helper()
	first := time.Time{}
	w.await(t, "a connection has broken", func(context.Context) error {
		for m := range displaced {
			if at := m.brokenAt(); at.After(before) && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
		if first.IsZero() {
			return errors.New("none has")
		}
		return nil
	})
	return first
}

// pickPod returns a pod at which somebody is.
func (w *world) pickPod(t *testing.T) corev1.Pod {
	t.Helper()
	pods, err := w.pods(t.Context())
	require.NoError(t, err)
	for _, pod := range pods {
		for _, gateway := range w.places() {
			if gateway == pod.Name {
				return pod
			}
		}
	}
	t.Fatalf("nobody is at any pod: %v", w.places())
	return corev1.Pod{}
}

// kill sends SIGKILL to a pod's process. In another cluster than the test's own, the pod is deleted without a grace instead.
func (w *world) kill(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	if w.kube == "" {
		t.Log("this cluster's nodes are out of reach: the pod is deleted without a grace, instead of SIGKILL to its process")
		require.NoError(t, w.api.Delete(t.Context(), pod, client.GracePeriodSeconds(0)))
		return
	}
	id := strings.TrimPrefix(pod.Status.ContainerStatuses[0].ContainerID, "containerd://")
	w.onNode(t, "ctr", pod.Spec.NodeName, "tasks", "kill", "-s", "SIGKILL", id)
}

// onNode does something to a node of the test's own cluster: hack/kube/kube.sh node ...
func (w *world) onNode(t *testing.T, args ...string) {
	t.Helper()
	ctx, cancel := context.WithDeadline(t.Context(), w.deadline)
	defer cancel()
	output, err := exec.CommandContext(ctx, w.kube, append([]string{"node"}, args...)...).CombinedOutput()
	require.NoError(t, err, "node %s: %s", strings.Join(args, " "), output)
}

// heal deletes objects of the operator's.
func (w *world) heal(t *testing.T) {
	since := w.mark()
	name := client.ObjectKey{Namespace: namespace, Name: resources.GatewayName(clusterName)}
	for _, object := range []client.Object{&corev1.Service{}, &policyv1.PodDisruptionBudget{}} {
		require.NoError(t, w.api.Get(t.Context(), name, object))
		old := object.GetUID()
		require.NoError(t, w.api.Delete(t.Context(), object))
		w.await(t, fmt.Sprintf("a deleted %T comes back", object), func(ctx context.Context) error {
			if err := w.api.Get(ctx, name, object); err != nil {
				return err
			}
			if object.GetUID() == old {
				return errors.New("the deleted one is there still")
			}
			return nil
		})
	}
	require.NoError(t, w.lookUp(t.Context()))
	w.awaitSettled(t, 2)
	w.dismiss(w.join(t, "newcomer", true, nil))
	w.requireChat(t)
	for m := range since {
		w.awaitFrame(t, m, since[m], "the newcomer's leave", leaveOf("newcomer"))
	}
	w.requireOneLeave(t, since, "newcomer")
}

// alone takes the operator away: gateways serve on, and Kubernetes replaces a lost one. Its return changes no pod.
func (w *world) alone(t *testing.T) {
	since := w.mark()
	w.scaleOperator(t, 0)
	w.requireChat(t)
	w.requireTyping(t, w.members[1])

	victim := w.pickPod(t)
	require.NoError(t, w.api.Delete(t.Context(), &victim))
	var names []string
	w.await(t, "Kubernetes has replaced "+victim.Name, func(ctx context.Context) error {
		pods, err := w.pods(ctx)
		names = names[:0]
		for _, pod := range pods {
			if ready(&pod) && pod.DeletionTimestamp == nil {
				names = append(names, pod.Name)
			}
		}
		if err == nil && (len(pods) != 2 || len(names) != 2) {
			err = fmt.Errorf("there are %d pods, of which %v are ready", len(pods), names)
		}
		return err
	})
	w.awaitMoved(t, fmt.Sprintf("everybody is at one of %v", names), func(gateway string) bool { return slices.Contains(names, gateway) })
	w.requireChat(t)

	w.scaleOperator(t, 1)
	w.awaitSettled(t, 2)
	now, err := w.podNames(t.Context())
	require.NoError(t, err)
	require.ElementsMatch(t, names, now, "the operator's return changed the pods")
	w.requireNoFlicker(t, since)
}

func ready(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// scaleOperator waits until exactly so many operators run.
func (w *world) scaleOperator(t *testing.T, replicas int32) {
	t.Helper()
	deployment := &appsv1.Deployment{}
	name := client.ObjectKey{Namespace: operatorNamespace, Name: release + "-operator"}
	require.NoError(t, w.api.Get(t.Context(), name, deployment))
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas))
	require.NoError(t, w.api.Patch(t.Context(), deployment, patch))
	w.awaitOperators(t, int(replicas))
}

func (w *world) awaitOperators(t *testing.T, replicas int) {
	t.Helper()
	w.await(t, fmt.Sprintf("%d operators run", replicas), func(ctx context.Context) error {
		var pods corev1.PodList
		if err := w.api.List(ctx, &pods, client.InNamespace(operatorNamespace)); err != nil {
			return err
		}
		if len(pods.Items) != replicas {
			return fmt.Errorf("there are %d pods", len(pods.Items))
		}
		for _, pod := range pods.Items {
			if !ready(&pod) {
				return fmt.Errorf("%s is not ready", pod.Name)
			}
		}
		return nil
	})
}

// deleteOperator deletes the operator's pods; its Deployment makes new ones.
func (w *world) deleteOperator(ctx context.Context) error {
	return w.api.DeleteAllOf(ctx, &corev1.Pod{}, client.InNamespace(operatorNamespace))
}
