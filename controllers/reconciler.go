package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers/gateways"
	"github.com/starling-realtime/starling/controllers/resources"
	"github.com/starling-realtime/starling/controllers/scaling"
)

// Waits before a reconcile comes by itself.
const (
	// resync is for what is not watched: the Secret with the mesh key.
	resync = 5 * time.Minute
	// faultWait is for faults that somebody else mends without any watched object changing.
	faultWait = 30 * time.Second
	// staleWait lets a cache catch up.
	staleWait = 200 * time.Millisecond
)

// A Reconciler makes RealtimeClusters real. Its fields are set before it is used.
type Reconciler struct {
	// Client writes, and reads from caches that hold only what carries the operator's label.
	Client client.Client
	// Reader reads live.
	Reader client.Reader
	// Recorder tells people what happened.
	Recorder events.EventRecorder
	// Poller holds what gateways say.
	Poller *gateways.Poller
	// Loads remember what the gateways had to do; nil: nothing.
	Loads *Loads
	// Metrics are what Prometheus is told; nil: nothing.
	Metrics *Metrics
	// Kinds knows which optional kinds are installed; nil: all of them.
	Kinds *OptionalKinds
	// DefaultImage is the image of gateways whose cluster names none.
	DefaultImage string
	// Namespace is the operator's.
	Namespace string
	// Now is [time.Now].
	Now func() time.Time
}

// A scope is one reconcile of one cluster.
type scope struct {
	// cluster has its defaults set; stored is what the API server has.
	cluster, stored *v1alpha1.RealtimeCluster
	seen            observation
	step            scaling.Step
	// wait is the lowest that a phase asked for.
	wait time.Duration
}

// requeue asks for another reconcile after a while.
func (s *scope) requeue(after time.Duration) {
	if s.wait == 0 || after < s.wait {
		s.wait = after
	}
}

// note keeps a fault for the status, and returns every other error.
func (s *scope) note(err error) error {
	if fault, ok := asFault(err); ok {
		s.seen.faults = append(s.seen.faults, fault)
		s.requeue(faultWait)
		return nil
	}
	return err
}

func (s *scope) paused() bool { return s.cluster.Spec.ReconcilePolicy == v1alpha1.ReconcilePaused }

// Reconcile makes one cluster what its spec says. A change of the cluster while it runs leads to another.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (result ctrl.Result, err error) {
	stored := &v1alpha1.RealtimeCluster{}
	if err := r.Client.Get(ctx, request.NamespacedName, stored); err != nil {
		if apierrors.IsNotFound(err) {
			r.Metrics.forget(request.NamespacedName)
		}
		return ctrl.Result{}, wrap(client.IgnoreNotFound(err), "reading the cluster")
	}
	if stored.DeletionTimestamp != nil {
		r.Metrics.forget(request.NamespacedName)
		return ctrl.Result{}, nil // the garbage collector does the rest
	}
	s := r.newScope(stored)
	if err := r.observe(ctx, s); err != nil {
		return ctrl.Result{}, err // who does not see must neither act nor tell
	}
	defer func() {
		patchErr := r.patchStatus(ctx, s)
		if apierrors.IsConflict(patchErr) {
			// The cache was behind, and what it lacks is maybe only a status, for which nobody is woken.
			result, patchErr = ctrl.Result{RequeueAfter: staleWait}, nil
		}
		err = errors.Join(err, patchErr)
	}()
	var errs []error
	for _, phase := range []func(context.Context, *scope) error{r.plan, r.ensureObjects, r.diagnose} {
		if err := phase(ctx, s); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return ctrl.Result{}, err
	}
	s.requeue(resync)
	return ctrl.Result{RequeueAfter: s.wait}, nil
}

func (r *Reconciler) newScope(stored *v1alpha1.RealtimeCluster) *scope {
	cluster := stored.DeepCopy()
	v1alpha1.SetDefaults(cluster)
	s := &scope{cluster: cluster, stored: stored}
	in := resources.Input{Cluster: cluster, DefaultImage: r.DefaultImage, OperatorNamespace: r.Namespace}
	s.seen = observation{cluster: cluster, input: in, image: in.Image()}
	return s
}

// ensureObjects goes on after a failure: a Service that cannot be made is no reason to have no pods. No gateway is taken away before
// the Deployment has the template that is wanted: what a rollout replaces must be known then.
func (r *Reconciler) ensureObjects(ctx context.Context, s *scope) error {
	if s.paused() {
		return nil
	}
	in := s.seen.input
	in.Replicas = s.step.Replicas
	if d := s.seen.deployment; d != nil {
		in.Replicas = max(in.Replicas, *d.Spec.Replicas)
	}
	desired, err := resources.Build(in)
	if errors.Is(err, resources.ErrSpec) {
		return s.note(faultError{Fault{ReasonInvalidSpec, err.Error()}})
	}
	if err != nil {
		return err
	}
	errs := []error{s.note(r.ensureMeshKey(ctx, s))}
	for _, d := range desired {
		err := r.reconcileObject(ctx, s, d)
		if d.Kind == resources.KindDeployment && err == nil {
			r.scaled(s, in.Replicas)
			err = errors.Join(r.readDeployment(ctx, r.Reader, s), r.lower(ctx, s))
		}
		errs = append(errs, s.note(err))
	}
	return errors.Join(errs...)
}

// observe reads what there is.
func (r *Reconciler) observe(ctx context.Context, s *scope) error {
	if err := r.readDeployment(ctx, r.Reader, s); err != nil {
		return err
	}
	pods, err := listPods(ctx, r.Client, s.cluster)
	if err != nil {
		return err
	}
	s.seen.pods = pods
	s.seen.snapshot, s.seen.polled = r.Poller.Snapshot(client.ObjectKeyFromObject(s.cluster))
	return nil
}

// readDeployment reads it. Whoever acts on it reads it live: from a number of replicas of before, the next step would be the wrong one.
func (r *Reconciler) readDeployment(ctx context.Context, from client.Reader, s *scope) error {
	key := client.ObjectKey{Namespace: s.cluster.Namespace, Name: resources.GatewayName(s.cluster.Name)}
	deployment := &appsv1.Deployment{}
	switch err := from.Get(ctx, key, deployment); {
	case apierrors.IsNotFound(err):
		s.seen.deployment = nil
	case err != nil:
		return fmt.Errorf("reading the Deployment: %w", err)
	case metav1.IsControlledBy(deployment, s.cluster):
		s.seen.deployment = deployment
	}
	return nil
}

// listPods lists a cluster's pods, but for those that have ended.
func listPods(ctx context.Context, from client.Reader, cluster *v1alpha1.RealtimeCluster) ([]corev1.Pod, error) {
	var list corev1.PodList
	err := from.List(ctx, &list, client.InNamespace(cluster.Namespace), client.MatchingLabels(resources.Selector(cluster.Name)))
	if err != nil {
		return nil, fmt.Errorf("listing the pods: %w", err)
	}
	running := list.Items[:0]
	for _, pod := range list.Items {
		// An evicted pod stays as a record; it is no gateway.
		if pod.Status.Phase != corev1.PodFailed && pod.Status.Phase != corev1.PodSucceeded {
			running = append(running, pod)
		}
	}
	return running, nil
}

// diagnose finds causes. Events are asked for only when a pod is stuck.
func (r *Reconciler) diagnose(ctx context.Context, s *scope) error {
	s.seen.faults = append(s.seen.faults, diagnosePods(s.seen.pods)...)
	if s.seen.deployment != nil {
		s.seen.faults = append(s.seen.faults, diagnoseDeployment(s.seen.deployment)...)
	}
	for i := range s.seen.pods {
		pod := &s.seen.pods[i]
		if pod.Status.Phase == corev1.PodPending {
			s.requeue(stuckAfter)
		}
		if !stuck(pod, r.Now()) {
			continue
		}
		var list corev1.EventList
		err := r.Reader.List(ctx, &list, client.InNamespace(pod.Namespace),
			client.MatchingFields{"involvedObject.uid": string(pod.UID)}, client.Limit(100))
		if err != nil {
			return fmt.Errorf("listing the events of pod %s: %w", pod.Name, err)
		}
		if fault, ok := diagnoseEvents(pod, list.Items); ok {
			s.seen.faults = append(s.seen.faults, fault)
			break // the others wait for the same
		}
	}
	return nil
}

// patchStatus writes the status if it has changed, and tells what is new. It insists on the version that was read: told from an
// old one, the same news would be told twice. The error may be a conflict.
func (r *Reconciler) patchStatus(ctx context.Context, s *scope) error {
	status := buildStatus(&s.stored.Status, &s.seen)
	r.Metrics.see(client.ObjectKeyFromObject(s.cluster), &s.seen, &status)
	if equality.Semantic.DeepEqual(status, s.stored.Status) {
		return nil
	}
	patched := s.stored.DeepCopy()
	patched.Status = status
	err := r.Client.Status().Patch(ctx, patched, client.MergeFromWithOptions(s.stored, client.MergeFromWithOptimisticLock{}),
		client.FieldOwner(FieldOwner))
	if err != nil {
		return wrap(client.IgnoreNotFound(err), "writing the status")
	}
	r.tell(s.stored, s.stored.Status.Conditions, status.Conditions)
	if old := s.stored.Status.ObservedGeneration; old == nil || *old != s.cluster.Generation {
		r.warnOfLongDrain(s.cluster)
		r.warnOfReplicas(s.cluster, s.seen.replicas)
	}
	return nil
}
