package scaling

import (
	"fmt"
	"time"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

// Reasons of a [Decision].
const (
	ReasonScalingUp    = "ScalingUp"
	ReasonScalingDown  = "ScalingDown"
	ReasonOnTarget     = "OnTarget"
	ReasonAtMinimum    = "AtMinimum"
	ReasonAtMaximum    = "AtMaximum"
	ReasonBelowMinimum = "BelowMinimum"
	ReasonAboveMaximum = "AboveMaximum"
	ReasonStarting     = "GatewaysStarting"
	ReasonStabilizing  = "Stabilizing"
	ReasonSilent       = "ReadingsMissing"
	ReasonNotObserved  = "NotObserved"
)

// A Decision is how many gateways there should be, and why. Its message changes only when there is something else to say, so that a
// status with it is not written for every client.
type Decision struct {
	Replicas int32
	Reason   string
	Message  string
}

// Fixed is how many gateways a cluster without autoscaling should have.
func Fixed(cluster *v1alpha1.RealtimeCluster) int32 {
	if n := cluster.Spec.Replicas; n != nil {
		return *n
	}
	return v1alpha1.DefaultReplicas
}

// Decide says how many gateways there should be. Current is how many the Deployment is told, ready is how many of them take
// clients. The spec has its defaults set. The bounds hold whatever the load is; but for them, nothing is taken away without a complete
// and fresh sample and a window that was seen as a whole.
func Decide(a *v1alpha1.AutoscalingSpec, h *History, current, ready int32, now time.Time) Decision {
	d := decider{spec: a, history: h, current: current, ready: ready, now: now, target: int64(*a.TargetConnections)}
	switch {
	case current < *a.MinReplicas:
		return Decision{*a.MinReplicas, ReasonBelowMinimum, fmt.Sprintf("minReplicas is %d", *a.MinReplicas)}
	case current > *a.MaxReplicas:
		return Decision{*a.MaxReplicas, ReasonAboveMaximum, fmt.Sprintf("maxReplicas is %d", *a.MaxReplicas)}
	}
	last, fresh := h.last(now)
	if !fresh {
		return d.stay(ReasonNotObserved, "the gateways were not asked for their connections lately")
	}
	if d.tooMany(last.Connections) {
		return d.up()
	}
	if !last.Complete {
		return d.stay(ReasonSilent, "a gateway does not tell its connections: none is taken away meanwhile")
	}
	return d.down(last.Connections)
}

type decider struct {
	spec           *v1alpha1.AutoscalingSpec
	history        *History
	current, ready int32
	now            time.Time
	target         int64
}

func (d *decider) stay(reason, format string, args ...any) Decision {
	return Decision{d.current, reason, fmt.Sprintf(format, args...)}
}

// tooMany reports whether so many connections are too many for the gateways that there are.
func (d *decider) tooMany(connections int64) bool {
	return connections*100 > int64(d.current)*d.target*int64(100+*d.spec.TolerancePercent)
}

// tooFew reports whether one gateway less would do. It would not be too few then, so that taking away is never undone by itself.
func (d *decider) tooFew(connections int64) bool {
	n := int64(d.current)
	return connections <= (n-1)*d.target && connections*100 <= n*d.target*int64(100-*d.spec.TolerancePercent)
}

func (d *decider) up() Decision {
	seconds := *d.spec.ScaleUp.StabilizationSeconds
	least, seen := d.history.lowest(d.now, time.Duration(seconds)*time.Second)
	if !seen || !d.tooMany(least) {
		return d.stay(ReasonStabilizing, "more gateways are added when they are needed for %d s", seconds)
	}
	need := (least + d.target - 1) / d.target
	most := int64(*d.spec.MaxReplicas)
	if need > most && int64(d.current) == most {
		return d.stay(ReasonAtMaximum, "more than the %d gateways of maxReplicas are needed", most)
	}
	// Those that start count: what they will take over is not known before they are ready.
	wanted := max(min(need, most, int64(d.ready)+int64(*d.spec.ScaleUp.Step)), int64(d.current))
	if wanted == int64(d.current) {
		return d.stay(ReasonStarting, "the %d gateways that start are waited for", d.current-d.ready)
	}
	return Decision{int32(wanted), ReasonScalingUp, fmt.Sprintf("%d gateways are too few for their connections", d.current)}
}

func (d *decider) down(connections int64) Decision {
	seconds := *d.spec.ScaleDown.StabilizationSeconds
	switch most, seen := d.history.highest(d.now, time.Duration(seconds)*time.Second); {
	case !d.tooFew(connections):
		return d.stay(ReasonOnTarget, "%d gateways are right for their connections", d.current)
	case d.current == *d.spec.MinReplicas:
		return d.stay(ReasonAtMinimum, "fewer than the %d gateways of minReplicas would do", d.current)
	case !seen || !d.tooFew(most):
		return d.stay(ReasonStabilizing, "a gateway is taken away when one less would have done for %d s", seconds)
	}
	return Decision{d.current - 1, ReasonScalingDown, fmt.Sprintf("%d gateways are more than their connections need", d.current)}
}
