//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

// change alters settings, which rolls the gateways one at a time.
func (w *world) change(t *testing.T) {
	w.makeAPIKey(t)
	since := w.mark()
	old := w.requirePodNames(t)
	w.edit(t, func(spec *v1alpha1.RealtimeClusterSpec) {
		spec.Typing.TTLSeconds = new(int32(3))
		setEverything(spec)
	})
	w.requireRolled(t, old, "--typing-ttl=3s")
	w.requireNoFlicker(t, since)
	w.requireTyping(t, w.members[2])
}

// upgrade gives the operator another image, which is then the gateways' as well.
func (w *world) upgrade(t *testing.T) {
	since := w.mark()
	old := w.requirePodNames(t)
	w.helm(t, "upgrade", release, "../../charts/starling", "--namespace", operatorNamespace, "--wait", "--timeout", "4m",
		"--reset-then-reuse-values", "--set", "image.tag="+w.upgradeTag)
	w.requireRolled(t, old, w.repository+":"+w.upgradeTag)
	w.requireNoFlicker(t, since)
}

// requireRolled waits until every pod is new and has that image or argument, and everybody is at one of them.
func (w *world) requireRolled(t *testing.T, old []string, with string) {
	t.Helper()
	w.awaitRolled(t, old, with)
	names := w.requirePodNames(t)
	w.awaitMoved(t, fmt.Sprintf("everybody is at one of %v", names), func(gateway string) bool { return slices.Contains(names, gateway) })
	w.requireChat(t)
	w.awaitView(t)
}

// awaitRolled waits until every pod is new and has that image or argument.
func (w *world) awaitRolled(t *testing.T, old []string, with string) {
	t.Helper()
	w.await(t, "every pod is new and has "+with, func(ctx context.Context) error {
		pods, err := w.pods(ctx)
		if err != nil {
			return err
		}
		for _, pod := range pods {
			if slices.Contains(old, pod.Name) || !has(&pod, with) {
				return fmt.Errorf("there is %s", pod.Name)
			}
		}
		return w.settled(ctx, len(old))
	})
}

func has(pod *corev1.Pod, with string) bool {
	gateway := pod.Spec.Containers[0]
	return gateway.Image == with || slices.Contains(gateway.Args, with)
}

func (w *world) requirePodNames(t *testing.T) []string {
	t.Helper()
	names, err := w.podNames(t.Context())
	require.NoError(t, err)
	return names
}
