package controllers

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers/gateways"
	"github.com/starling-realtime/starling/controllers/scaling"
)

// Loads remember what each cluster's load was lately, for the autoscaling. They live in memory only: an operator that starts has seen
// nothing yet, and takes nothing away. They are safe for concurrent use.
type Loads struct {
	mu       sync.Mutex
	clusters map[types.NamespacedName]*scaling.History
}

// NewLoads returns loads of no cluster.
func NewLoads() *Loads { return &Loads{clusters: map[types.NamespacedName]*scaling.History{}} }

// add notes what the gateways said. All that run were asked; a pod that does not run has no connections.
func (l *Loads) add(cluster types.NamespacedName, all []gateways.Observation, now time.Time) {
	sample := scaling.Sample{At: now, Complete: len(all) > 0}
	for _, o := range all {
		if o.Reading != nil {
			sample.Connections += int64(o.Reading.Connections)
		} else if !o.Terminating {
			sample.Complete = false
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.clusters[cluster]
	if h == nil {
		h = &scaling.History{}
		l.clusters[cluster] = h
	}
	h.Add(sample)
}

// decide is [scaling.Decide] with what was noted of a cluster.
func (l *Loads) decide(cluster types.NamespacedName, a *v1alpha1.AutoscalingSpec, current, ready int32, now time.Time) scaling.Decision {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.clusters[cluster]
	if h == nil {
		h = &scaling.History{}
	}
	return scaling.Decide(a, h, current, ready, now)
}

// keep forgets every cluster that is not listed.
func (l *Loads) keep(clusters map[types.NamespacedName]bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key := range l.clusters {
		if !clusters[key] {
			delete(l.clusters, key)
		}
	}
}
