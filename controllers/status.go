package controllers

import (
	"cmp"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers/gateways"
	"github.com/starling-realtime/starling/controllers/resources"
	"github.com/starling-realtime/starling/controllers/scaling"
)

const (
	maxGateways = 200
	maxMessage  = 4096
	maxVersion  = 512
	maxPhase    = 32
)

// An observation is what a status is made of.
type observation struct {
	cluster    *v1alpha1.RealtimeCluster // with defaults
	input      resources.Input
	image      string
	replicas   int32             // that there should be
	decision   *scaling.Decision // of the autoscaling, if there is one
	scaleWait  scaling.Wait      // what the next step of a scale-down waits for
	scaledAt   *time.Time        // when the autoscaling changed something just now
	deployment *appsv1.Deployment
	pods       []corev1.Pod
	snapshot   gateways.Snapshot
	polled     bool
	faults     []Fault
}

// buildStatus returns the status that an observation leads to; old is the one before, whose times of transition are kept.
func buildStatus(old *v1alpha1.RealtimeClusterStatus, o *observation) v1alpha1.RealtimeClusterStatus {
	s := *old.DeepCopy()
	s.ObservedGeneration = &o.cluster.Generation
	s.Selector = labels.Set(resources.Selector(o.cluster.Name)).String()
	s.Image = o.image
	s.Replicas, s.ReadyReplicas = new(int32(0)), new(int32(0))
	if o.deployment != nil {
		s.Replicas, s.ReadyReplicas = &o.deployment.Status.Replicas, &o.deployment.Status.ReadyReplicas
	}
	s.Autoscaling = autoscalingStatus(old.Autoscaling, o)
	addCounts(&s, o)
	for _, c := range []metav1.Condition{ready(o), progressing(o), degraded(o), converged(o), draining(o)} {
		c.ObservedGeneration = o.cluster.Generation
		c.Message = clip(c.Message)
		meta.SetStatusCondition(&s.Conditions, c)
	}
	setBalanced(&s.Conditions, o)
	return s
}

// addCounts fills in what the gateways told. What is not known is left out, never zero.
func addCounts(s *v1alpha1.RealtimeClusterStatus, o *observation) {
	byPod := map[string]*gateways.Reading{}
	var total int64
	var versions []string
	for _, g := range o.snapshot.Gateways {
		if g.Reading == nil {
			continue
		}
		byPod[g.Pod] = g.Reading
		total += int64(g.Reading.Connections)
		versions = append(versions, g.Reading.Version)
	}
	s.Connections, s.Members, s.Channels = nil, nil, nil
	if view := gateways.View(o.snapshot.Gateways); view != nil {
		s.Connections, s.Members, s.Channels = &total, new(int64(view.Members)), new(int64(view.Channels))
	}
	slices.Sort(versions)
	s.Version = strings.Join(slices.DeleteFunc(slices.Compact(versions), func(v string) bool { return v == "" }), ", ")
	s.Version = s.Version[:min(len(s.Version), maxVersion)]
	s.Gateways = nil
	for i := range o.pods {
		if len(s.Gateways) < maxGateways {
			s.Gateways = append(s.Gateways, gatewayStatus(&o.pods[i], byPod[o.pods[i].Name]))
		}
	}
	slices.SortFunc(s.Gateways, func(a, b v1alpha1.GatewayStatus) int { return cmp.Compare(a.Name, b.Name) })
}

func gatewayStatus(pod *corev1.Pod, r *gateways.Reading) v1alpha1.GatewayStatus {
	s := v1alpha1.GatewayStatus{Name: pod.Name, Ready: new(podReady(pod))}
	if r != nil {
		s.BootID, s.Version = r.Boot, r.Version
		s.Connections, s.Peers = new(int32(r.Connections)), new(int32(len(r.Peers)))
		if d := r.Drain; d != nil && r.Draining {
			s.Drain = &v1alpha1.GatewayDrainStatus{
				Phase: d.Phase[:min(len(d.Phase), maxPhase)], AtStart: new(int32(max(d.AtStart, 0))), Forced: new(int32(max(d.Forced, 0))),
			}
		}
	}
	return s
}

// autoscalingStatus is nil without autoscaling, and as before where nothing was decided.
func autoscalingStatus(old *v1alpha1.AutoscalingStatus, o *observation) *v1alpha1.AutoscalingStatus {
	if o.cluster.Spec.Autoscaling == nil {
		return nil
	}
	if o.decision == nil {
		return old
	}
	s := &v1alpha1.AutoscalingStatus{
		DesiredReplicas: &o.decision.Replicas, Reason: o.decision.Reason, Message: o.decision.Message,
	}
	if o.scaledAt != nil {
		s.LastScaleTime = &metav1.Time{Time: o.scaledAt.Truncate(time.Second)}
	} else if old != nil {
		s.LastScaleTime = old.LastScaleTime
	}
	return s
}
