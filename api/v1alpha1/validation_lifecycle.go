package v1alpha1

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

const (
	minDeregister       = 5
	maxDeregister       = 300
	maxDrainWindow      = 3600
	maxClose            = 60
	minStartup          = 30
	maxStartup          = 3600
	maxConnections      = 1_000_000
	maxPercent          = 100
	maxStabilizeSeconds = 3600
)

func validateLifecycle(s *RealtimeClusterSpec, path *field.Path) field.ErrorList {
	drain, rollout := path.Child("drain"), path.Child("rollout")
	errs := within(s.Drain.DeregisterSeconds, minDeregister, maxDeregister, drain.Child("deregisterSeconds"))
	errs = append(errs, within(s.Drain.WindowSeconds, 1, maxDrainWindow, drain.Child("windowSeconds"))...)
	errs = append(errs, within(s.Drain.CloseSeconds, 1, maxClose, drain.Child("closeSeconds"))...)
	errs = append(errs, oneOf(s.Rollout.Policy, rollout.Child("policy"), RolloutActive, RolloutPaused)...)
	errs = append(errs, oneOf(s.Rollout.Guard, rollout.Child("guard"), GuardMesh, GuardNone)...)
	errs = append(errs, within(s.Rollout.StartupSeconds, minStartup, maxStartup, rollout.Child("startupSeconds"))...)
	return append(errs, oneOf(s.Rebalance.Policy, path.Child("rebalance", "policy"), RebalanceOff, RebalanceEven)...)
}

// validateDrainFits refuses settings with which a full gateway could not move its clients within the window: the others take new
// connections at a bounded rate. The least number of gateways counts, of which one is the one that drains.
func validateDrainFits(s *RealtimeClusterSpec, path *field.Path) field.ErrorList {
	capacity := &s.Gateway.Capacity
	connections, accept := orElse(capacity.Connections, GatewayConnections), orElse(capacity.AcceptPerSecond, GatewayAcceptPerSecond)
	window, replicas := orElse(s.Drain.WindowSeconds, DefaultWindowSeconds), orElse(s.Replicas, DefaultReplicas)
	if s.Autoscaling != nil {
		replicas = orElse(s.Autoscaling.MinReplicas, DefaultMinReplicas)
	}
	others := max(replicas-1, 1)
	if window <= 0 || accept <= 0 || connections <= window*accept*others {
		return nil // what is not positive has an error of its own
	}
	at := path.Child("drain", "windowSeconds")
	return field.ErrorList{field.Invalid(at, window, fmt.Sprintf("the clients of a full gateway do not fit into a drain: "+
		"the others (%d) accept %d connections in the window, and a gateway may have %d: raise spec.drain.windowSeconds to %d or "+
		"spec.gateway.capacity.acceptPerSecond to %d, or lower spec.gateway.capacity.connections to %d",
		others, window*accept*others, connections, ceil(connections, accept*others), ceil(connections, window*others), window*accept*others))}
}

func orElse(value *int32, otherwise int32) int64 {
	if value == nil {
		return int64(otherwise)
	}
	return int64(*value)
}

func ceil(a, b int64) int64 { return (a + b - 1) / b }

func validateAutoscaling(a *AutoscalingSpec, path *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	errs := within(a.MinReplicas, 1, maxReplicas, path.Child("minReplicas"))
	errs = append(errs, needed(a.MaxReplicas, 1, maxReplicas, path.Child("maxReplicas"))...)
	errs = append(errs, needed(a.TargetConnections, 1, maxConnections, path.Child("targetConnections"))...)
	errs = append(errs, within(a.TolerancePercent, 0, maxPercent, path.Child("tolerancePercent"))...)
	up, down := path.Child("scaleUp"), path.Child("scaleDown")
	errs = append(errs, within(a.ScaleUp.Step, 1, maxReplicas, up.Child("step"))...)
	errs = append(errs, within(a.ScaleUp.StabilizationSeconds, 0, maxStabilizeSeconds, up.Child("stabilizationSeconds"))...)
	errs = append(errs, within(a.ScaleDown.StabilizationSeconds, 0, maxStabilizeSeconds, down.Child("stabilizationSeconds"))...)
	if a.MinReplicas != nil && a.MaxReplicas != nil && *a.MinReplicas > *a.MaxReplicas {
		errs = append(errs, field.Invalid(path.Child("minReplicas"), *a.MinReplicas, fmt.Sprintf(
			"more than maxReplicas, which is %d: lower the one or raise the other", *a.MaxReplicas)))
	}
	return errs
}

// needed is [within] for a value that must be set.
func needed(value *int32, lowest, highest int32, path *field.Path) field.ErrorList {
	if value == nil {
		return field.ErrorList{field.Required(path, fmt.Sprintf("must be %d to %d", lowest, highest))}
	}
	return within(value, lowest, highest, path)
}
