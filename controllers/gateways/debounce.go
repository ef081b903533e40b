package gateways

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// DebounceTime is how long a change of the verdict must last before it counts, unless nothing was known before. Rollouts
// change who sees whom all the time.
const DebounceTime = 10 * time.Second

// A debounce lets a verdict through once it has lasted.
type debounce struct {
	current Verdict
	pending Verdict
	since   time.Time
}

// see takes a new verdict and returns the one that counts.
func (d *debounce) see(v Verdict, now time.Time) Verdict {
	if d.current.Status == "" {
		// A cluster that starts is not split: its gateways are finding each other.
		d.current = Verdict{metav1.ConditionUnknown, ReasonSettling, "the gateways are finding each other"}
	}
	switch {
	case same(v, d.current), d.current.Status == metav1.ConditionUnknown && v.Status != metav1.ConditionFalse:
		d.current, d.pending = v, Verdict{}
	case !same(v, d.pending):
		d.pending, d.since = v, now
	case now.Sub(d.since) >= DebounceTime:
		d.current, d.pending = v, Verdict{}
	}
	return d.current
}

func same(a, b Verdict) bool { return a.Status == b.Status && a.Reason == b.Reason }
