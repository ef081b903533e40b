package gateways

import "time"

// DebounceTime is how long a change of the verdict must last before it counts. Rollouts change who sees whom all the time.
const DebounceTime = 10 * time.Second

// A debounce lets a verdict through once it has lasted.
type debounce struct {
	current Verdict
	pending Verdict
	since   time.Time
}

// see takes a new verdict and returns the one that counts.
func (d *debounce) see(v Verdict, now time.Time) Verdict {
	switch {
	case d.current.Status == "" || same(v, d.current):
		d.current, d.pending = v, Verdict{}
	case !same(v, d.pending):
		d.pending, d.since = v, now
	case now.Sub(d.since) >= DebounceTime:
		d.current, d.pending = v, Verdict{}
	}
	return d.current
}

func same(a, b Verdict) bool { return a.Status == b.Status && a.Reason == b.Reason }
