package controllers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers/gateways"
)

// Words of gateways for what their rebalancing does.
const (
	rebalanceEven     = "even"
	rebalanceShedding = "shedding"
	rebalanceStopped  = "stopped"
)

// setBalanced sets the condition Balanced, which is there only where clients are moved to gateways that have fewer.
func setBalanced(conditions *[]metav1.Condition, o *observation) {
	if o.cluster.Spec.Rebalance.Policy != v1alpha1.RebalanceEven {
		meta.RemoveStatusCondition(conditions, v1alpha1.ConditionBalanced)
		return
	}
	c := balanced(o.snapshot.Gateways)
	c.ObservedGeneration = o.cluster.Generation
	c.Message = clip(c.Message)
	meta.SetStatusCondition(conditions, c)
}

// balanced says what the gateways tell of themselves. Those that have stopped come first, since only people can mend that.
func balanced(all []gateways.Observation) metav1.Condition {
	const kind = v1alpha1.ConditionBalanced
	all = slices.SortedFunc(slices.Values(all), func(a, b gateways.Observation) int { return cmp.Compare(a.Pod, b.Pod) })
	said := map[string][]string{}
	for _, g := range all {
		if !g.Terminating && g.Reading != nil {
			state, text := sayBalance(g)
			said[state] = append(said[state], text)
		}
	}
	list := func(state string) string { return strings.Join(said[state], "; ") }
	switch {
	case len(said[rebalanceStopped]) > 0:
		return condition(kind, metav1.ConditionFalse, ReasonRebalanceStopped,
			"clients are not moved to gateways that have fewer, because it did not help: %s", list(rebalanceStopped))
	case len(said[rebalanceShedding]) > 0:
		return condition(kind, metav1.ConditionFalse, ReasonRebalancing, "clients are moved to gateways that have fewer, from %s",
			list(rebalanceShedding))
	case len(said[""]) > 0:
		return condition(kind, metav1.ConditionUnknown, ReasonRebalanceResting, "no clients are moved for now: %s", list(""))
	case len(said) == 0:
		return condition(kind, metav1.ConditionUnknown, ReasonNotObserved, "the gateways have not told")
	default:
		return condition(kind, metav1.ConditionTrue, ReasonEven, "no gateway has notably more clients than the others")
	}
}

// sayBalance returns the state of a gateway, none while it rests, and its part of a message.
func sayBalance(g gateways.Observation) (state, text string) {
	r := g.Reading.Rebalance
	if r == nil || r.Policy != string(v1alpha1.RebalanceEven) {
		return "", g.Pod + " does not have the setting yet"
	}
	switch r.State {
	case rebalanceEven, rebalanceShedding:
		return r.State, fmt.Sprintf("%s (%d above the mean)", g.Pod, r.Excess)
	case rebalanceStopped:
		return r.State, fmt.Sprintf("%s (%d above the mean): %s", g.Pod, r.Excess, r.Reason)
	default:
		return "", fmt.Sprintf("%s: %s", g.Pod, r.Reason)
	}
}
