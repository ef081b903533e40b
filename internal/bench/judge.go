package bench

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// lateGenerator is a lateness, in milliseconds, from which the generator is part of what was measured.
const lateGenerator = 5

// judge turns what was measured into the report.
func (r *run) judge() {
	rep, res := &r.report, &r.result
	rep.Opening.Seconds = float64(res.LastOpen-res.FirstDue) / 1e9
	if rep.Opening.Seconds > 0 {
		rep.Opening.PerSecond = float64(rep.Connections) / rep.Opening.Seconds
	}
	if rep.Opening.CPU > 0 {
		rep.Opening.PerCPUSecond = float64(rep.Connections) / rep.Opening.CPU
	}
	rep.Opening.Latency = quantiles(res.OpenTime)
	if p := r.Scenario.Pacing; p != nil {
		r.traffic(p.Rate)
	}
	if rep.NotOpened > 0 {
		r.fault("%d connections could not be opened", rep.NotOpened)
	}
	if len(res.Failures) > 0 {
		rep.Notes = append(rep.Notes, "attempts to connect that failed and were tried again: "+listed(res.Failures))
	}
	r.broken()
}

func (r *run) traffic(rate float64) {
	rep, res := &r.report, &r.result
	t := &Traffic{
		Offered: rate, SentPerSecond: float64(res.SentInWindow) / rep.Duration,
		Deliveries: res.InWindow, DeliveriesPerSecond: float64(res.InWindow) / rep.Duration,
		Latency: quantiles(res.Latency), Lateness: quantiles(res.Lateness),
	}
	rep.Traffic = t
	if rep.Server != nil {
		rep.Server.divide(res.InWindow)
	}
	got := res.Delivered - res.Duplicates - res.Untracked
	t.Expected = r.due(res)
	t.Missing = int64(t.Expected) - int64(got)
	if rate > 0 && t.Lateness != nil && t.Lateness.P99 > lateGenerator {
		late := fmt.Sprintf("the load generator was late itself: %.1f ms at p99, which is part of the latency", t.Lateness.P99)
		rep.Notes = append(rep.Notes, late)
	}
}

// broken lists the promises that were not kept.
func (r *run) broken() {
	res := &r.result
	if t := r.report.Traffic; t != nil && t.Missing != 0 {
		r.fault("%d of %d deliveries are missing", t.Missing, t.Expected)
	}
	for _, c := range []struct {
		n    uint64
		what string
	}{
		{res.Reordered, "deliveries came out of order"},
		{res.Duplicates, "deliveries came twice"},
		{res.Gaps, "gap events came"},
		{res.Errors, "requests were refused, the first with " + res.FirstError},
	} {
		if c.n > 0 {
			r.fault("%d %s", c.n, c.what)
		}
	}
	if len(res.Ends) > 0 {
		r.fault("the server ended connections: %s", listed(res.Ends))
	}
	if r.Scenario.Storm != nil && res.Vanished > 0 {
		r.fault("%d times a member who came back was seen to leave", res.Vanished)
	}
	if len(res.StalledEnds) > 0 {
		r.report.Notes = append(r.report.Notes, "connections that did not read were ended: "+listed(res.StalledEnds))
	}
}

func (r *run) fault(format string, args ...any) {
	r.report.Faults = append(r.report.Faults, fmt.Sprintf(format, args...))
}

// listed spells counts by cause.
func listed(counts map[string]int) string {
	var parts []string
	for _, cause := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d x %s", counts[cause], cause))
	}
	return strings.Join(parts, ", ")
}
