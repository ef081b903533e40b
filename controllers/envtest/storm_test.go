//go:build envtest

package envtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers"
	"github.com/starling-realtime/starling/controllers/resources"
)

// A counter of the errors that an operator logs.
type errorCounter struct {
	n    atomic.Int64
	last atomic.Value
}

func (c *errorCounter) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelError
}
func (c *errorCounter) WithAttrs([]slog.Attr) slog.Handler { return c }
func (c *errorCounter) WithGroup(string) slog.Handler      { return c }

func (c *errorCounter) Handle(_ context.Context, r slog.Record) error {
	var text strings.Builder
	text.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool { fmt.Fprintf(&text, " %s=%v", a.Key, a.Value); return true })
	c.n.Add(1)
	c.last.Store(text.String())
	return nil
}

// storm changes a cluster and its objects all the time, from several sides, until it is stopped.
func storm(t *testing.T, cluster *v1alpha1.RealtimeCluster, sides int) (stop func() int64) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	var changes atomic.Int64
	at := metav1.ObjectMeta{Namespace: cluster.Namespace, Name: resources.GatewayName(cluster.Name)}
	for side := range sides {
		rnd := rand.New(rand.NewPCG(uint64(side), 1))
		group.Go(func() {
			for ctx.Err() == nil {
				var err error
				switch rnd.IntN(6) {
				case 0:
					c := &v1alpha1.RealtimeCluster{ObjectMeta: metav1.ObjectMeta{Namespace: cluster.Namespace, Name: cluster.Name}}
					err = merge(ctx, c, fmt.Sprintf(`{"spec":{"typing":{"ttlSeconds":%d}}}`, rnd.IntN(100)))
				case 1:
					c := &v1alpha1.RealtimeCluster{ObjectMeta: metav1.ObjectMeta{Namespace: cluster.Namespace, Name: cluster.Name}}
					err = merge(ctx, c, fmt.Sprintf(`{"metadata":{"annotations":{"example.com/storm":"%d"}}}`, rnd.Int()))
				case 2:
					err = merge(ctx, &corev1.Service{ObjectMeta: at}, fmt.Sprintf(`{"spec":{"sessionAffinity":"%s"}}`, []string{"None", "ClientIP"}[rnd.IntN(2)]))
				case 3:
					err = merge(ctx, &appsv1.Deployment{ObjectMeta: at}, fmt.Sprintf(`{"spec":{"minReadySeconds":%d}}`, rnd.IntN(9)))
				case 4:
					err = merge(ctx, &policyv1.PodDisruptionBudget{ObjectMeta: at}, `{"metadata":{"labels":{"app.kubernetes.io/managed-by":null}}}`)
				default:
					err = api.Delete(ctx, &corev1.ServiceAccount{ObjectMeta: at})
				}
				if err == nil {
					changes.Add(1)
				}
			}
		})
	}
	return func() int64 {
		cancel()
		group.Wait()
		return changes.Load()
	}
}

func merge(ctx context.Context, object client.Object, patch string) error {
	return api.Patch(ctx, object, client.RawPatch("application/merge-patch+json", []byte(patch)))
}

// TestAStormOfChangesIsCalm lets others change the cluster and its objects all the time. The operator logs no error, and everything is
// right in the end.
func TestAStormOfChangesIsCalm(t *testing.T) {
	errs := &errorCounter{}
	mgr, err := newManagerWith(true, logr.FromSlogHandler(errs))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})

	// Two operators act on it: the shared one, and this one. That is worse than it should ever be.
	cluster := create(t, namespace(t), "chat", minimal)
	awaitOwned(t, cluster.Namespace, "chat")
	stop := storm(t, cluster, 4)
	for end := time.Now().Add(6 * time.Second); time.Now().Before(end); time.Sleep(time.Second) {
		change(t, cluster, func(s *v1alpha1.RealtimeClusterSpec) {
			s.Presence.NodeGraceSeconds = new(int32(10 + time.Now().Second()))
		})
	}
	changes := stop()
	require.Greater(t, changes, int64(20))
	change(t, cluster, func(s *v1alpha1.RealtimeClusterSpec) {
		s.Typing.TTLSeconds, s.Presence.NodeGraceSeconds = new(int32(7)), new(int32(33))
	})
	await(t, func() error { return isRight(t, cluster) })
	awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionFalse, controllers.ReasonAsExpected)
	require.Zero(t, errs.n.Load(), "%d changes, and an error: %v", changes, errs.last.Load())

	// It comes to rest: nothing is written any more.
	await(t, func() error {
		before := versions(t, cluster.Namespace, "chat")
		time.Sleep(time.Second)
		if after := versions(t, cluster.Namespace, "chat"); fmt.Sprint(before) != fmt.Sprint(after) {
			return errors.New("objects are still written")
		}
		return nil
	})
}

// isRight says what is not yet as the spec says.
func isRight(t *testing.T, cluster *v1alpha1.RealtimeCluster) error {
	t.Helper()
	for _, object := range owned(cluster.Namespace, cluster.Name) {
		if err := api.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
			return err
		}
		if object.GetLabels()[resources.LabelManagedBy] != resources.ManagedBy {
			return fmt.Errorf("%T has lost its label", object)
		}
		switch o := object.(type) {
		case *corev1.Service:
			if o.Spec.SessionAffinity != corev1.ServiceAffinityNone {
				return fmt.Errorf("%s has affinity %s", o.Name, o.Spec.SessionAffinity)
			}
		case *policyv1.PodDisruptionBudget:
			if *o.Spec.MaxUnavailable != intstr.FromInt32(1) {
				return fmt.Errorf("the budget is %v", o.Spec.MaxUnavailable)
			}
		case *appsv1.Deployment:
			args := strings.Join(o.Spec.Template.Spec.Containers[0].Args, " ")
			if o.Spec.MinReadySeconds != 45 || !strings.Contains(args, "--typing-ttl=7s") || !strings.Contains(args, "--node-grace=33s") {
				return fmt.Errorf("the Deployment has %d and %s", o.Spec.MinReadySeconds, args)
			}
		}
	}
	return nil
}
