package controllers

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers/gateways"
)

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
	for i := range list.Items {
		cluster := &list.Items[i]
		key := client.ObjectKeyFromObject(cluster)
		keep[key] = true
		pods, err := p.reconciler.pods(ctx, cluster)
		if err != nil {
			return err
		}
		if !p.reconciler.Poller.Poll(ctx, key, targets(pods)) {
			continue
		}
		select {
		case p.changed <- event.GenericEvent{Object: cluster}:
		case <-ctx.Done():
			return nil
		}
	}
	p.reconciler.Poller.Keep(keep)
	return nil
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
