package controllers

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers/gateways"
	"github.com/starling-realtime/starling/controllers/resources"
	"github.com/starling-realtime/starling/controllers/scaling"
)

// scaleWait is for what a scale-down waits for, should its end be missed.
const scaleWait = 15 * time.Second

// plan decides how many gateways there should be, and what the next step there is. It marks the gateway that is to end.
func (r *Reconciler) plan(ctx context.Context, s *scope) error {
	r.decide(s)
	if s.paused() {
		return nil
	}
	hash, err := resources.TemplateHash(s.seen.input)
	if err != nil {
		return err
	}
	s.seen.input.HoldRollout = holdRollout(&s.seen, hash, r.Now())
	s.step = scaling.Plan(r.scaleState(s, s.seen.pods))
	s.seen.scaleWait = s.step.Wait
	if s.step.Wait != "" {
		s.requeue(scaleWait)
	}
	return r.markPods(ctx, s)
}

// decide says how many gateways there should be: what the spec says, or what follows from their load.
func (r *Reconciler) decide(s *scope) {
	s.seen.replicas = scaling.Fixed(s.cluster)
	a := s.cluster.Spec.Autoscaling
	if a == nil {
		return
	}
	if s.seen.deployment == nil {
		s.seen.replicas = firstReplicas(s.stored, a)
		return
	}
	current := *s.seen.deployment.Spec.Replicas
	decision := scaling.Decision{Replicas: current}
	if r.Loads != nil {
		decision = r.Loads.decide(client.ObjectKeyFromObject(s.cluster), a, current, r.takers(s), r.Now())
	}
	s.seen.replicas, s.seen.decision = decision.Replicas, &decision
}

// firstReplicas is how many gateways a Deployment begins with. One that was deleted comes back as large as it was.
func firstReplicas(cluster *v1alpha1.RealtimeCluster, a *v1alpha1.AutoscalingSpec) int32 {
	n := *a.MinReplicas
	if was := cluster.Status.Autoscaling; was != nil && was.DesiredReplicas != nil {
		n = max(n, *was.DesiredReplicas)
	}
	return min(n, *a.MaxReplicas)
}

// takers counts the gateways that take clients: those that start, drain or end do not.
func (r *Reconciler) takers(s *scope) int32 {
	latest, _ := r.Poller.Latest(client.ObjectKeyFromObject(s.cluster))
	draining := map[string]bool{}
	for _, o := range latest {
		draining[o.Pod] = o.Reading != nil && o.Reading.Draining
	}
	n := int32(0)
	for i := range s.seen.pods {
		if pod := &s.seen.pods[i]; pod.DeletionTimestamp == nil && podReady(pod) && !draining[pod.Name] {
			n++
		}
	}
	return n
}

func (r *Reconciler) scaleState(s *scope, pods []corev1.Pod) scaling.State {
	state := scaling.State{Desired: s.seen.replicas}
	if d := s.seen.deployment; d != nil {
		state.Exists, state.Current = true, *d.Spec.Replicas
		state.Observed = d.Status.ObservedGeneration >= d.Generation
		state.Rolling = !d.Spec.Paused && d.Status.UpdatedReplicas < d.Status.Replicas
	}
	latest, at := r.Poller.Latest(client.ObjectKeyFromObject(s.cluster))
	if r.Now().Sub(at) > scaling.MaxGap {
		latest = nil
	}
	for i := range pods {
		state.Gateways = append(state.Gateways, gatewayOf(s.seen.input, &pods[i], latest))
	}
	// The Deployment may know of one that ends before the cache does.
	if d := s.seen.deployment; d != nil && d.Status.TerminatingReplicas != nil && *d.Status.TerminatingReplicas > 0 {
		state.Gateways = append(state.Gateways, scaling.Gateway{Terminating: true})
	}
	return state
}

func gatewayOf(in resources.Input, pod *corev1.Pod, latest []gateways.Observation) scaling.Gateway {
	_, unplaced := unschedulable(pod)
	g := scaling.Gateway{
		Name: pod.Name, Terminating: pod.DeletionTimestamp != nil, Unschedulable: unplaced, Ready: podReady(pod),
		Outdated: resources.Outdated(in, pod), Revision: pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey],
		Marked: pod.Annotations[resources.AnnotationDeletionCost] == resources.LowestCost, Connections: -1,
	}
	for _, o := range latest {
		if o.Pod == pod.Name && o.Reading != nil {
			g.Connections = o.Reading.Connections
		}
	}
	return g
}

// markPods puts the lowest deletion cost on the gateway that is to end, and takes it off those that are not.
func (r *Reconciler) markPods(ctx context.Context, s *scope) error {
	for i := range s.seen.pods {
		pod := &s.seen.pods[i]
		var cost any // null removes it
		switch {
		case slices.Contains(s.step.Mark, pod.Name):
			cost = resources.LowestCost
		case !slices.Contains(s.step.Unmark, pod.Name):
			continue
		}
		patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
			"uid": pod.UID, "annotations": map[string]any{resources.AnnotationDeletionCost: cost},
		}})
		if err != nil {
			return fmt.Errorf("marking pod %s: %w", pod.Name, err)
		}
		err = r.Client.Patch(ctx, pod.DeepCopy(), client.RawPatch(types.MergePatchType, patch), client.FieldOwner(FieldOwner))
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return fmt.Errorf("marking pod %s: %w", pod.Name, err)
		}
	}
	return nil
}

// lower takes away one gateway, if that was planned and is still right. It looks again, past all caches: only now the Deployment
// has the template that is wanted, and a gateway that has begun to end may not be known to a cache yet.
func (r *Reconciler) lower(ctx context.Context, s *scope) error {
	if s.paused() || s.seen.deployment == nil || s.step.Replicas >= *s.seen.deployment.Spec.Replicas {
		return nil
	}
	pods, err := listPods(ctx, r.Reader, s.cluster)
	if err != nil {
		return err
	}
	step := scaling.Plan(r.scaleState(s, pods))
	if step.Replicas >= *s.seen.deployment.Spec.Replicas {
		s.requeue(staleWait)
		return nil
	}
	s.step = step
	in := s.seen.input
	in.Replicas = step.Replicas
	desired, err := resources.Build(in)
	if err != nil {
		return err
	}
	for _, d := range desired {
		if d.Kind == resources.KindDeployment {
			if err := r.reconcileObject(ctx, s, d); err != nil {
				return s.note(err)
			}
		}
	}
	r.scaled(s, step.Replicas)
	return r.readDeployment(ctx, r.Reader, s)
}

// scaled tells that the Deployment was told another number than before.
func (r *Reconciler) scaled(s *scope, to int32) {
	if s.seen.deployment == nil || *s.seen.deployment.Spec.Replicas == to {
		return
	}
	from, now := *s.seen.deployment.Spec.Replicas, r.Now()
	why := "as asked for"
	if s.seen.decision != nil {
		why, s.seen.scaledAt = s.seen.decision.Message, &now
	}
	r.Metrics.step(client.ObjectKeyFromObject(s.cluster), from, to)
	if to > from {
		r.Recorder.Eventf(s.cluster, nil, corev1.EventTypeNormal, ReasonScaledUp, "Reconcile", "from %d gateways to %d: %s", from, to, why)
		return
	}
	ends := "one ends"
	if s.step.Victim != "" {
		ends = s.step.Victim + " moves its clients away and ends"
	}
	r.Recorder.Eventf(s.cluster, nil, corev1.EventTypeNormal, ReasonScaledDown, "Reconcile", "from %d gateways to %d: %s; %s",
		from, to, ends, why)
}
