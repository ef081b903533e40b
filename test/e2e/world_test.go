//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers"
	"github.com/starling-realtime/starling/controllers/resources"
)

const (
	release           = "starling"
	operatorNamespace = "starling-e2e-system"
	namespace         = "starling-e2e"
	clusterName       = "chat"
	clockFormat       = "15:04:05.000"
)

// A world is the Kubernetes under test, and the members that are in the cluster's channel.
type world struct {
	config  *rest.Config
	api     client.Client
	address atomic.Pointer[string] // of the client Service
	members []*member
	// deadline is the step's.
	deadline time.Time
	// kube is the script that reaches into the nodes; "" where the cluster is not the test's own.
	kube string
	// repository is the image, with its tags: what is installed first, and what is upgraded to.
	repository, tag, upgradeTag string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ctrl.SetLogger(logr.Discard())
	w := &world{repository: setting(t, "E2E_REPOSITORY"), tag: setting(t, "E2E_TAG"), upgradeTag: setting(t, "E2E_UPGRADE_TAG")}
	w.kube = os.Getenv("E2E_KUBE")
	setting(t, "HELM")
	config, err := clientcmd.BuildConfigFromFlags("", setting(t, "KUBECONFIG"))
	require.NoError(t, err)
	scheme, err := controllers.NewScheme()
	require.NoError(t, err)
	config.QPS = -1 // a test that waits for its own turn sees less
	w.config = config
	w.api, err = client.New(config, client.Options{Scheme: scheme})
	require.NoError(t, err)
	t.Cleanup(func() {
		for _, m := range w.members {
			m.leaveForGood()
		}
	})
	return w
}

func setting(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	require.NotEmpty(t, value, "%s is not set: run make e2e, which sets it", name)
	return value
}

// begin gives a step its time: so much, or less where `go test -timeout` leaves less. What fails then has time to tell why.
func (w *world) begin(t *testing.T, limit time.Duration) {
	t.Helper()
	const toTell = 2 * time.Minute
	w.deadline = time.Now().Add(limit)
	if end, ok := t.Deadline(); ok && end.Add(-toTell).Before(w.deadline) {
		w.deadline = end.Add(-toTell)
	}
}

// await polls until check returns nil, and fails with its last error at the step's deadline.
func (w *world) await(t *testing.T, what string, check func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithDeadline(t.Context(), w.deadline)
	defer cancel()
	last := errors.New("never checked")
	for ctx.Err() == nil {
		if err := check(ctx); err == nil {
			return
		} else if ctx.Err() == nil {
			last = err
		}
		pause(ctx, 100*time.Millisecond)
	}
	require.NoError(t, last, "waiting until %s", what)
}

// helm runs a command of Helm's.
func (w *world) helm(t *testing.T, args ...string) {
	t.Helper()
	ctx, cancel := context.WithDeadline(t.Context(), w.deadline)
	defer cancel()
	output, err := exec.CommandContext(ctx, os.Getenv("HELM"), args...).CombinedOutput()
	require.NoError(t, err, "helm %s:\n%s", strings.Join(args, " "), output)
}

// cluster reads the RealtimeCluster.
func (w *world) cluster(ctx context.Context) (*v1alpha1.RealtimeCluster, error) {
	rtc := &v1alpha1.RealtimeCluster{}
	err := w.api.Get(ctx, client.ObjectKey{Namespace: namespace, Name: clusterName}, rtc)
	return rtc, err
}

// pods are those of the cluster's gateways, including those that end.
func (w *world) pods(ctx context.Context) ([]corev1.Pod, error) {
	var list corev1.PodList
	err := w.api.List(ctx, &list, client.InNamespace(namespace), client.MatchingLabels{resources.LabelCluster: clusterName})
	return list.Items, err
}

// podNames are sorted.
func (w *world) podNames(ctx context.Context) ([]string, error) {
	pods, err := w.pods(ctx)
	names := make([]string, 0, len(pods))
	for _, pod := range pods {
		names = append(names, pod.Name)
	}
	slices.Sort(names)
	return names, err
}

// settled says whether the cluster has exactly so many gateways, all ready and linked, and nothing is changing.
func (w *world) settled(ctx context.Context, gateways int) error {
	rtc, err := w.cluster(ctx)
	if err != nil {
		return err
	}
	for condition, want := range map[string]metav1.ConditionStatus{
		v1alpha1.ConditionReady: metav1.ConditionTrue, v1alpha1.ConditionMeshConverged: metav1.ConditionTrue,
		v1alpha1.ConditionProgressing: metav1.ConditionFalse, v1alpha1.ConditionDegraded: metav1.ConditionFalse,
	} {
		found := meta.FindStatusCondition(rtc.Status.Conditions, condition)
		switch {
		case found == nil:
			return fmt.Errorf("there is no condition %s", condition)
		case found.Status != want:
			return fmt.Errorf("%s is %s: %s: %s", condition, found.Status, found.Reason, found.Message)
		case found.ObservedGeneration != rtc.Generation:
			return fmt.Errorf("%s is about generation %d, not %d", condition, found.ObservedGeneration, rtc.Generation)
		}
	}
	if n := len(rtc.Status.Gateways); n != gateways {
		return fmt.Errorf("status.gateways has %d, want %d", n, gateways)
	}
	names, err := w.podNames(ctx)
	if err == nil && len(names) != gateways {
		err = fmt.Errorf("there are %d pods, want %d: %v", len(names), gateways, names)
	}
	return err
}

func (w *world) awaitSettled(t *testing.T, gateways int) {
	t.Helper()
	w.await(t, fmt.Sprintf("%d gateways are ready and linked", gateways), func(ctx context.Context) error { return w.settled(ctx, gateways) })
}

// lookUp finds the client Service's address, which changes when the Service is made anew.
func (w *world) lookUp(ctx context.Context) error {
	var service corev1.Service
	if err := w.api.Get(ctx, client.ObjectKey{Namespace: namespace, Name: resources.GatewayName(clusterName)}, &service); err != nil {
		return err
	}
	address := net.JoinHostPort(service.Spec.ClusterIP, fmt.Sprint(service.Spec.Ports[0].Port))
	w.address.Store(&address)
	return nil
}

// edit changes the cluster's spec.
func (w *world) edit(t *testing.T, change func(*v1alpha1.RealtimeClusterSpec)) {
	t.Helper()
	w.await(t, "the cluster is changed", func(ctx context.Context) error {
		rtc, err := w.cluster(ctx)
		if err != nil {
			return err
		}
		change(&rtc.Spec)
		return w.api.Update(ctx, rtc)
	})
}

// ensureNamespace makes the namespace of the test, under the strictest pod security.
func (w *world) ensureNamespace(t *testing.T, name string) {
	t.Helper()
	err := w.api.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: name, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}})
	require.NoError(t, client.IgnoreAlreadyExists(err))
}
