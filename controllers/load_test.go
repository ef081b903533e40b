package controllers

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers/gateways"
	"github.com/starling-realtime/starling/controllers/scaling"
)

func podAnnotations(t *testing.T, config runtime.ApplyConfiguration) map[string]string {
	t.Helper()
	text, err := json.Marshal(config)
	require.NoError(t, err)
	var d appsv1.Deployment
	require.NoError(t, json.Unmarshal(text, &d))
	return d.Spec.Template.Annotations
}

// TestLoadCountsWhoEndsAndMissesWhoIsSilent tells which readings allow a gateway to be taken away.
func TestLoadCountsWhoEndsAndMissesWhoIsSilent(t *testing.T) {
	says := func(pod string, n int) gateways.Observation {
		return gateways.Observation{Target: gateways.Target{Pod: pod}, Reading: &gateways.Reading{Connections: n}}
	}
	silent := gateways.Observation{Target: gateways.Target{Pod: "c"}}
	ending := gateways.Observation{Target: gateways.Target{Pod: "d", Terminating: true}}
	endingSays := says("e", 150)
	endingSays.Terminating = true
	tests := map[string]struct {
		all  []gateways.Observation
		want string
	}{
		"few":                     {[]gateways.Observation{says("a", 50), says("b", 50)}, scaling.ReasonScalingDown},
		"none run":                {nil, scaling.ReasonSilent},
		"one is silent":           {[]gateways.Observation{says("a", 50), silent}, scaling.ReasonSilent},
		"one that ends is silent": {[]gateways.Observation{says("a", 50), ending}, scaling.ReasonScalingDown},
		"one that ends counts":    {[]gateways.Observation{says("a", 100), endingSays}, scaling.ReasonOnTarget},
	}
	c := &v1alpha1.RealtimeCluster{}
	c.Spec.Autoscaling = &v1alpha1.AutoscalingSpec{
		MinReplicas: new(int32(1)), MaxReplicas: new(int32(9)), TargetConnections: new(int32(100)),
		ScaleDown: v1alpha1.ScaleDownSpec{StabilizationSeconds: new(int32(0))},
	}
	v1alpha1.SetDefaults(c)
	key, now := types.NamespacedName{Name: "chat"}, time.Unix(0, 0)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l := NewLoads()
			require.Equal(t, scaling.ReasonNotObserved, l.decide(key, c.Spec.Autoscaling, 3, 3, now).Reason)
			l.add(key, test.all, now)
			require.Equal(t, test.want, l.decide(key, c.Spec.Autoscaling, 3, 3, now).Reason)
			l.keep(nil)
			require.Equal(t, scaling.ReasonNotObserved, l.decide(key, c.Spec.Autoscaling, 3, 3, now).Reason, "it forgets")
		})
	}
}

func TestMetrics(t *testing.T) {
	m := NewMetrics()
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(m))
	o := observed(3, appsv1.DeploymentStatus{Replicas: 3, UpdatedReplicas: 3, ReadyReplicas: 2})
	o.deployment.Spec.Replicas = new(int32(3))
	status := buildStatus(&v1alpha1.RealtimeClusterStatus{}, o)
	key := types.NamespacedName{Namespace: "web", Name: "chat"}
	m.see(key, o, &status)
	m.step(key, 2, 3)
	// All but the connections, which nobody told.
	gathered, err := registry.Gather()
	require.NoError(t, err)
	got := map[string]int{}
	for _, family := range gathered {
		got[family.GetName()] = len(family.GetMetric())
	}
	require.Equal(t, map[string]int{
		"starling_operator_desired_replicas": 1, "starling_operator_replicas": 1, "starling_operator_ready_replicas": 1,
		"starling_operator_draining_gateways": 1, "starling_operator_silent_gateways": 1, "starling_operator_rollout_held": 1,
		"starling_operator_condition": 5, "starling_operator_scale_steps_total": 1,
	}, got)
	m.forget(key)
	gathered, err = registry.Gather()
	require.NoError(t, err)
	require.Empty(t, gathered)
}
