package controllers

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers/gateways"
)

// tells is a pod's gateway that says this of its rebalancing.
func tells(pod, state, reason string, excess int) gateways.Observation {
	return gateways.Observation{Target: gateways.Target{Pod: pod}, Reading: &gateways.Reading{
		Rebalance: &gateways.Rebalance{Policy: "Even", State: state, Reason: reason, Excess: excess},
	}}
}

func TestBalanced(t *testing.T) {
	ending := tells("d", "resting", "it drains", 0)
	ending.Terminating = true
	for name, tt := range map[string]struct {
		told []gateways.Observation
		want metav1.Condition
	}{
		"nobody has told": {
			[]gateways.Observation{{Target: gateways.Target{Pod: "a"}}},
			condition("Balanced", metav1.ConditionUnknown, ReasonNotObserved, "the gateways have not told"),
		},
		"even, and one that ends": {
			[]gateways.Observation{tells("a", "even", "", 3), tells("b", "even", "", 0), ending},
			condition("Balanced", metav1.ConditionTrue, ReasonEven, "no gateway has notably more clients than the others"),
		},
		"shedding": {
			[]gateways.Observation{tells("b", "shedding", "words", 40), tells("a", "shedding", "words", 50), tells("c", "resting", "", 0)},
			condition("Balanced", metav1.ConditionFalse, ReasonRebalancing,
				"clients are moved to gateways that have fewer, from a (50 above the mean); b (40 above the mean)"),
		},
		"stopped": {
			[]gateways.Observation{tells("a", "shedding", "", 40), tells("b", "stopped", "clients come back", 50)},
			condition("Balanced", metav1.ConditionFalse, ReasonRebalanceStopped, "clients are not moved to gateways that have fewer, "+
				"because it did not help: b (50 above the mean): clients come back"),
		},
		"one of before the setting": {
			[]gateways.Observation{tells("a", "even", "", 0), {Target: gateways.Target{Pod: "b"}, Reading: &gateways.Reading{}}},
			condition("Balanced", metav1.ConditionUnknown, ReasonRebalanceResting,
				"no clients are moved for now: b does not have the setting yet"),
		},
		"resting": {
			[]gateways.Observation{tells("a", "resting", "gateways have come", 0), tells("b", "even", "", 0)},
			condition("Balanced", metav1.ConditionUnknown, ReasonRebalanceResting, "no clients are moved for now: a: gateways have come"),
		},
	} {
		require.Equal(t, tt.want, balanced(tt.told), name)
	}
}

func TestBalancedIsThereOnlyWithThePolicy(t *testing.T) {
	o := observed(2, appsv1.DeploymentStatus{})
	o.snapshot.Gateways = []gateways.Observation{tells("a", "even", "", 0)}
	s := buildStatus(&v1alpha1.RealtimeClusterStatus{}, o)
	require.Nil(t, meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionBalanced))
	o.cluster.Spec.Rebalance.Policy = v1alpha1.RebalanceEven
	s = buildStatus(&s, o)
	require.True(t, meta.IsStatusConditionTrue(s.Conditions, v1alpha1.ConditionBalanced))
	o.cluster.Spec.Rebalance.Policy = v1alpha1.RebalanceOff
	s = buildStatus(&s, o)
	require.Nil(t, meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionBalanced))
}

func TestRebalancingIsToldOnEntryOnly(t *testing.T) {
	recorder := events.NewFakeRecorder(100)
	r := &Reconciler{Recorder: recorder}
	var before []metav1.Condition
	for _, step := range []struct {
		status metav1.ConditionStatus
		reason string
		want   string
	}{
		{metav1.ConditionUnknown, ReasonRebalanceResting, ""},
		{metav1.ConditionTrue, ReasonEven, ""},
		{metav1.ConditionFalse, ReasonRebalancing, "Normal Rebalancing"},
		{metav1.ConditionFalse, ReasonRebalancing, ""},
		{metav1.ConditionTrue, ReasonEven, "Normal Even"},
		{metav1.ConditionFalse, ReasonRebalanceStopped, "Warning RebalanceStopped"},
		{metav1.ConditionFalse, ReasonRebalanceStopped, ""},
		{metav1.ConditionUnknown, ReasonRebalanceResting, ""},
	} {
		after := []metav1.Condition{condition(v1alpha1.ConditionBalanced, step.status, step.reason, "words")}
		r.tell(&v1alpha1.RealtimeCluster{}, before, after)
		before = after
		got := ""
		if len(recorder.Events) > 0 {
			got = <-recorder.Events
		}
		require.True(t, got == "" && step.want == "" || step.want != "" && strings.HasPrefix(got, step.want), "%v: %q", step, got)
	}
}
