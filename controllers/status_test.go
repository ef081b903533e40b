package controllers

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers/gateways"
	"github.com/starling-realtime/starling/controllers/resources"
	"github.com/starling-realtime/starling/controllers/scaling"
)

func observed(replicas int32, status appsv1.DeploymentStatus) *observation {
	cluster := &v1alpha1.RealtimeCluster{}
	cluster.Name, cluster.Generation = "chat", 3
	cluster.Spec.Replicas = &replicas
	v1alpha1.SetDefaults(cluster)
	return &observation{
		input:   resources.Input{Cluster: cluster, DefaultImage: "starling:v1"},
		cluster: cluster, replicas: replicas, image: "starling:v1",
		deployment: &appsv1.Deployment{Spec: appsv1.DeploymentSpec{ProgressDeadlineSeconds: new(int32(345))}, Status: status},
	}
}

func ending(name string) corev1.Pod {
	now := metav1.Now()
	return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, DeletionTimestamp: &now}}
}

func TestConditions(t *testing.T) {
	settled := appsv1.DeploymentStatus{Replicas: 3, UpdatedReplicas: 3, ReadyReplicas: 3}
	tests := map[string]struct {
		seen                                *observation
		change                              func(*observation)
		ready, progressing, degraded, drain string
	}{
		"settled":         {observed(3, settled), nil, "True/Serving", "False/Settled", "False/AsExpected", "False/NoneDraining"},
		"no deployment":   {observed(3, settled), func(o *observation) { o.deployment = nil }, "False/NotDeployed", "True/RollingOut", "False/AsExpected", "False/NoneDraining"},
		"starting":        {observed(3, appsv1.DeploymentStatus{Replicas: 3, UpdatedReplicas: 3}), nil, "False/NoneReady", "True/RollingOut", "False/AsExpected", "False/NoneDraining"},
		"one is missing":  {observed(3, appsv1.DeploymentStatus{Replicas: 3, UpdatedReplicas: 3, ReadyReplicas: 2}), nil, "False/TooFewReady", "True/RollingOut", "False/AsExpected", "False/NoneDraining"},
		"zero":            {observed(0, appsv1.DeploymentStatus{}), nil, "False/ScaledToZero", "False/Settled", "False/AsExpected", "False/NoneDraining"},
		"half way":        {observed(3, appsv1.DeploymentStatus{Replicas: 4, UpdatedReplicas: 1, ReadyReplicas: 4}), nil, "True/Serving", "True/RollingOut", "False/AsExpected", "False/NoneDraining"},
		"last old one":    {observed(3, appsv1.DeploymentStatus{Replicas: 4, UpdatedReplicas: 3, ReadyReplicas: 4}), nil, "True/Serving", "True/RollingOut", "False/AsExpected", "False/NoneDraining"},
		"scaling up":      {observed(5, settled), nil, "False/TooFewReady", "True/Scaling", "False/AsExpected", "False/NoneDraining"},
		"scaling down":    {observed(2, settled), nil, "True/Serving", "True/Scaling", "False/AsExpected", "False/NoneDraining"},
		"one is ending":   {observed(3, settled), func(o *observation) { o.pods = []corev1.Pod{ending("chat-x")} }, "True/Serving", "True/GatewaysTerminating", "False/AsExpected", "True/GatewaysDraining"},
		"paused":          {observed(3, settled), func(o *observation) { o.cluster.Spec.ReconcilePolicy = v1alpha1.ReconcilePaused }, "True/Serving", "False/Paused", "False/AsExpected", "False/NoneDraining"},
		"change is new":   {observed(3, settled), func(o *observation) { o.deployment.Generation = 7 }, "True/Serving", "True/RollingOut", "False/AsExpected", "False/NoneDraining"},
		"rollout is held": {observed(3, appsv1.DeploymentStatus{Replicas: 3, UpdatedReplicas: 1, ReadyReplicas: 3}), func(o *observation) { o.deployment.Spec.Paused = true }, "True/Serving", "False/RolloutPaused", "False/AsExpected", "False/NoneDraining"},
		"split": {
			observed(3, settled), func(o *observation) {
				o.snapshot.Mesh = gateways.Verdict{Status: metav1.ConditionFalse, Reason: gateways.ReasonSplit, Message: "split"}
			},
			"True/Serving", "False/Settled", "True/MeshNotConverged", "False/NoneDraining",
		},
		"draining by hand": {
			observed(3, settled), func(o *observation) {
				o.pods = []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Name: "a"}}}
				o.snapshot.Gateways = []gateways.Observation{{Target: gateways.Target{Pod: "a"}, Reading: &gateways.Reading{Draining: true}}}
			}, "True/Serving", "False/Settled", "False/AsExpected", "True/GatewaysDraining",
		},
		"rollout is held by the operator": {
			observed(3, appsv1.DeploymentStatus{Replicas: 4, UpdatedReplicas: 1, ReadyReplicas: 3}), func(o *observation) {
				o.deployment.Spec.Paused = true
				o.deployment.Annotations = map[string]string{resources.AnnotationHeld: "1"}
				o.snapshot.Mesh = gateways.Verdict{Status: metav1.ConditionFalse, Reason: gateways.ReasonSplit, Message: "split"}
			}, "True/Serving", "False/RolloutHeld", "True/RolloutHeld", "False/NoneDraining",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.change != nil {
				test.change(test.seen)
			}
			s := buildStatus(&v1alpha1.RealtimeClusterStatus{}, test.seen)
			for kind, want := range map[string]string{
				v1alpha1.ConditionReady: test.ready, v1alpha1.ConditionProgressing: test.progressing,
				v1alpha1.ConditionDegraded: test.degraded, v1alpha1.ConditionDraining: test.drain,
			} {
				c := meta.FindStatusCondition(s.Conditions, kind)
				require.Equal(t, want, string(c.Status)+"/"+c.Reason, kind)
				require.EqualValues(t, 3, c.ObservedGeneration)
				require.NotEmpty(t, c.Message)
			}
			again := buildStatus(&s, test.seen)
			require.Equal(t, s, again, "the same observation changes nothing")
		})
	}
}

func TestWhatIsNotKnownIsLeftOut(t *testing.T) {
	s := buildStatus(&v1alpha1.RealtimeClusterStatus{}, observed(2, appsv1.DeploymentStatus{Replicas: 2}))
	require.Nil(t, s.Connections)
	require.Nil(t, s.Members)
	require.EqualValues(t, 2, *s.Replicas)
	require.Equal(t, metav1.ConditionUnknown, meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionMeshConverged).Status)
}

func TestTheMostTellingFaultIsTheReason(t *testing.T) {
	o := observed(1, appsv1.DeploymentStatus{})
	o.faults = []Fault{{ReasonRolloutStuck, "stuck"}, {ReasonCrashLoop, "b"}, {ReasonCrashLoop, "a"}, {ReasonCrashLoop, "a"}}
	c := degraded(o)
	require.Equal(t, ReasonCrashLoop, c.Reason)
	require.Equal(t, "a; b; stuck", c.Message)
}

func TestEveryFaultHasASeverity(t *testing.T) {
	seen := map[string]bool{}
	for _, reason := range severity {
		require.False(t, seen[reason], reason)
		seen[reason] = true
	}
}

func TestDiagnosePods(t *testing.T) {
	waits := func(reason, message string, last *corev1.ContainerStateTerminated) corev1.Pod {
		return corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "chat-x"},
			Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
				Image: "a:b", RestartCount: 4, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}},
				LastTerminationState: corev1.ContainerState{Terminated: last},
			}}},
		}
	}
	tests := map[string]struct {
		pod  corev1.Pod
		want []Fault
	}{
		"creating": {waits("ContainerCreating", "", nil), nil},
		"pull":     {waits("ErrImagePull", "not found\nmore", nil), []Fault{{ReasonImagePull, "pod chat-x cannot get image a:b: ErrImagePull: not found"}}},
		"config":   {waits("CreateContainerConfigError", "no user", nil), []Fault{{ReasonContainerConfig, "pod chat-x cannot start its container: CreateContainerConfigError: no user"}}},
		"crash":    {waits("CrashLoopBackOff", "", &corev1.ContainerStateTerminated{ExitCode: 1, Message: "x\ny\n"}), []Fault{{ReasonCrashLoop, "pod chat-x keeps ending, 4 times so far: exit code 1, y"}}},
		"unknown":  {waits("CrashLoopBackOff", "", nil), []Fault{{ReasonCrashLoop, "pod chat-x keeps ending, 4 times so far: its last end is not known"}}},
		"memory": {
			waits("CrashLoopBackOff", "", &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"}),
			[]Fault{{ReasonCrashLoop, "pod chat-x keeps ending, 4 times so far: out of memory (OOMKilled): raise spec.gateway.resources.limits.memory or lower spec.gateway.capacity"}},
		},
		"ending": {ending("chat-x"), nil},
		"unschedulable": {
			corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "chat-x"}, Status: corev1.PodStatus{Conditions: []corev1.PodCondition{
				{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes"},
			}}},
			[]Fault{{ReasonUnschedulable, "no node takes pod chat-x: 0/3 nodes"}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, diagnosePods([]corev1.Pod{test.pod})) })
	}
}

func TestDiagnoseEvents(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "chat-x", UID: "1"}}
	event := func(uid types.UID, reason, message string) corev1.Event {
		return corev1.Event{InvolvedObject: corev1.ObjectReference{UID: uid}, Reason: reason, Message: message}
	}
	_, ok := diagnoseEvents(pod, []corev1.Event{event("1", "Scheduled", "ok"), event("2", "FailedMount", "another's")})
	require.False(t, ok)
	fault, ok := diagnoseEvents(pod, []corev1.Event{event("1", "FailedMount", `secret "a" not found`)})
	require.True(t, ok)
	require.Equal(t, Fault{ReasonMissingSecret, `pod chat-x waits for a Secret: secret "a" not found`}, fault)
	fault, _ = diagnoseEvents(pod, []corev1.Event{event("1", "FailedMount", `references non-existent secret key: k`)})
	require.Equal(t, ReasonMissingSecret, fault.Reason)
	fault, _ = diagnoseEvents(pod, []corev1.Event{event("1", "FailedMount", `timed out`)})
	require.Equal(t, ReasonMountFailed, fault.Reason)
}

func TestStuckMeansCreatingForLong(t *testing.T) {
	now := time.Now()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metav1.NewTime(now)},
		Spec:       corev1.PodSpec{NodeName: "n"}, Status: corev1.PodStatus{Phase: corev1.PodPending},
	}
	require.False(t, stuck(pod, now.Add(stuckAfter-time.Second)))
	require.True(t, stuck(pod, now.Add(stuckAfter)))
	pod.Spec.NodeName = ""
	require.False(t, stuck(pod, now.Add(stuckAfter)), "the scheduler has its own words")
}

func TestLongDrainsAreWarnedOf(t *testing.T) {
	recorder := events.NewFakeRecorder(10)
	r := &Reconciler{Recorder: recorder}
	o := observed(2, appsv1.DeploymentStatus{})
	r.warnOfLongDrain(o.cluster)
	require.Empty(t, recorder.Events)
	o.cluster.Spec.Drain.WindowSeconds = new(int32(581))
	r.warnOfLongDrain(o.cluster)
	require.Contains(t, <-recorder.Events, "Warning LongDrain gateways may take 601 s to end")
}

func TestIgnoredReplicasAreWarnedOf(t *testing.T) {
	recorder := events.NewFakeRecorder(10)
	r := &Reconciler{Recorder: recorder}
	o := observed(5, appsv1.DeploymentStatus{})
	r.warnOfReplicas(o.cluster, 3)
	require.Empty(t, recorder.Events, "it is heeded")
	o.cluster.Spec.Autoscaling = &v1alpha1.AutoscalingSpec{}
	r.warnOfReplicas(o.cluster, 3)
	require.Equal(t, "Warning ReplicasIgnored spec.replicas is 5 and ignored: spec.autoscaling wants 3 gateways; remove one of the two",
		<-recorder.Events)
	r.warnOfReplicas(o.cluster, 5)
	*o.cluster.Spec.Replicas = v1alpha1.DefaultReplicas
	r.warnOfReplicas(o.cluster, 3)
	require.Empty(t, recorder.Events)
}

func TestHeldRolloutsAreTold(t *testing.T) {
	recorder := events.NewFakeRecorder(10)
	r := &Reconciler{Recorder: recorder}
	conditions := func(progressing, degraded string) []metav1.Condition {
		return []metav1.Condition{
			{Type: v1alpha1.ConditionProgressing, Status: metav1.ConditionFalse, Reason: progressing, Message: "a"},
			{Type: v1alpha1.ConditionDegraded, Status: metav1.ConditionTrue, Reason: degraded, Message: "b"},
		}
	}
	rolling, holding := conditions(ReasonRollingOut, ReasonMeshBroken), conditions(ReasonRolloutHeld, ReasonRolloutHeld)
	r.tell(&v1alpha1.RealtimeCluster{}, rolling, holding)
	require.Equal(t, "Warning RolloutHeld a", <-recorder.Events)
	r.tell(&v1alpha1.RealtimeCluster{}, holding, holding)
	require.Empty(t, recorder.Events)
	r.tell(&v1alpha1.RealtimeCluster{}, holding, conditions(ReasonRollingOut, ReasonRolloutHeld))
	require.Equal(t, "Normal RolloutResumed a", <-recorder.Events)
}

func TestAutoscalingIsInTheStatus(t *testing.T) {
	o := observed(5, appsv1.DeploymentStatus{Replicas: 4, UpdatedReplicas: 4, ReadyReplicas: 4})
	before := &v1alpha1.RealtimeClusterStatus{Autoscaling: &v1alpha1.AutoscalingStatus{Reason: "Old"}}
	require.Nil(t, buildStatus(before, o).Autoscaling, "it was taken out of the spec")
	o.cluster.Spec.Autoscaling = &v1alpha1.AutoscalingSpec{}
	require.Equal(t, "Old", buildStatus(before, o).Autoscaling.Reason)
	scaled := time.Unix(100, 5)
	o.decision, o.scaledAt = &scaling.Decision{Replicas: 5, Reason: scaling.ReasonScalingUp, Message: "more"}, &scaled
	s := buildStatus(before, o)
	require.EqualValues(t, 5, *s.Autoscaling.DesiredReplicas)
	require.Equal(t, "more", s.Autoscaling.Message)
	o.scaledAt = nil
	require.Equal(t, time.Unix(100, 0), buildStatus(&s, o).Autoscaling.LastScaleTime.Time)
}

func TestDrainsAreInTheStatus(t *testing.T) {
	o := observed(2, appsv1.DeploymentStatus{})
	o.pods = []corev1.Pod{ending("a")}
	o.snapshot.Gateways = []gateways.Observation{{Target: gateways.Target{Pod: "a"}, Reading: &gateways.Reading{
		Boot: "1", Draining: true, Connections: 7, Drain: &gateways.Drain{Phase: "moving", AtStart: 20, Forced: 1},
	}}}
	s := buildStatus(&v1alpha1.RealtimeClusterStatus{}, o)
	require.Equal(t, "clients are moved away from a (moving, 7 connections left)",
		meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionDraining).Message)
	require.Equal(t, &v1alpha1.GatewayDrainStatus{Phase: "moving", AtStart: new(int32(20)), Forced: new(int32(1))}, s.Gateways[0].Drain)
}

func TestNewsAreToldOnEntryOnly(t *testing.T) {
	recorder := events.NewFakeRecorder(10)
	r := &Reconciler{Recorder: recorder}
	bad := []metav1.Condition{{Type: v1alpha1.ConditionDegraded, Status: metav1.ConditionTrue, Reason: ReasonQuota, Message: "none left"}}
	good := []metav1.Condition{{Type: v1alpha1.ConditionDegraded, Status: metav1.ConditionFalse, Reason: ReasonAsExpected, Message: "fine"}}
	for _, step := range []struct {
		before, after []metav1.Condition
		want          string
	}{
		{nil, good, ""},
		{good, bad, "Warning QuotaExceeded none left"},
		{bad, bad, ""},
		{bad, good, "Normal AsExpected fine"},
	} {
		r.tell(&v1alpha1.RealtimeCluster{}, step.before, step.after)
		if step.want == "" {
			require.Empty(t, recorder.Events)
			continue
		}
		require.Equal(t, step.want, <-recorder.Events)
	}
}
