package controllers

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers/gateways"
)

// clustersAtATime bounds the clusters whose gateways are asked at a time.
const clustersAtATime = 8

// A pollLoop asks the gateways of all clusters, outside of any reconcile, and wakes the reconciler for what is new.
type pollLoop struct {
	reconciler *Reconciler
	every      time.Duration
	changed    chan<- event.GenericEvent
}

// Start implements manager.Runnable; it runs in the leader only.
func (p *pollLoop) Start(ctx context.Context) error {
	ticker := time.NewTicker(p.every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := p.pollAll(ctx); err != nil && ctx.Err() == nil {
				log.FromContext(ctx).Error(err, "asking the gateways")
			}
		}
	}
}

func (p *pollLoop) pollAll(ctx context.Context) error {
	var list v1alpha1.RealtimeClusterList
	if err := p.reconciler.Client.List(ctx, &list); err != nil {
		return wrap(err, "listing the clusters")
	}
	keep := map[types.NamespacedName]bool{}
	// The gateways of one cluster that do not answer must not make what is known of the others stale.
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(clustersAtATime)
	for i := range list.Items {
		keep[client.ObjectKeyFromObject(&list.Items[i])] = true
		group.Go(func() error { return p.poll(ctx, &list.Items[i]) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	p.reconciler.Poller.Keep(keep)
	p.reconciler.Loads.keep(keep)
	return nil
}

func (p *pollLoop) poll(ctx context.Context, cluster *v1alpha1.RealtimeCluster) error {
	r, key := p.reconciler, client.ObjectKeyFromObject(cluster)
	pods, err := listPods(ctx, r.Client, cluster)
	if err != nil {
		return err
	}
	news := r.Poller.Poll(ctx, key, targets(pods))
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the operator ends: what was not read is no failure
	}
	latest, at := r.Poller.Latest(key)
	r.Loads.add(key, latest, at)
	if scale, err := p.wantsOthers(ctx, cluster, pods); err != nil || !news && !scale {
		return err
	}
	select {
	case p.changed <- event.GenericEvent{Object: cluster}:
	case <-ctx.Done():
	}
	return nil
}

// wantsOthers reports whether the autoscaling wants another number of gateways than there are. One that waits for something is
// woken by it, but here too.
func (p *pollLoop) wantsOthers(ctx context.Context, cluster *v1alpha1.RealtimeCluster, pods []corev1.Pod) (bool, error) {
	if cluster.Spec.Autoscaling == nil || cluster.Spec.ReconcilePolicy == v1alpha1.ReconcilePaused {
		return false, nil
	}
	s := p.reconciler.newScope(cluster)
	s.seen.pods = pods
	if err := p.reconciler.readDeployment(ctx, p.reconciler.Client, s); err != nil || s.seen.deployment == nil {
		return false, err
	}
	p.reconciler.decide(s)
	return s.seen.replicas != *s.seen.deployment.Spec.Replicas, nil
}

// targets are the pods whose gateways can be asked: those that run.
func targets(pods []corev1.Pod) []gateways.Target {
	var all []gateways.Target
	for i := range pods {
		pod := &pods[i]
		if pod.Status.Phase == corev1.PodRunning && pod.Status.PodIP != "" && started(pod) {
			all = append(all, gateways.Target{Pod: pod.Name, Address: pod.Status.PodIP, Terminating: pod.DeletionTimestamp != nil})
		}
	}
	return all
}

// started reports whether the pod's container runs: one that crash-loops has nothing to say.
func started(pod *corev1.Pod) bool {
	for i := range pod.Status.ContainerStatuses {
		if pod.Status.ContainerStatuses[i].State.Running == nil {
			return false
		}
	}
	return true
}
