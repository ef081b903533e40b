//go:build envtest

package envtest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers"
	"github.com/starling-realtime/starling/controllers/gateways"
	"github.com/starling-realtime/starling/controllers/resources"
)

// pod plays the ReplicaSet controller and the kubelet: it makes a gateway's pod with a status.
func pod(t *testing.T, cluster *v1alpha1.RealtimeCluster, name string, status corev1.PodStatus) *corev1.Pod {
	t.Helper()
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: cluster.Namespace, Name: name, Labels: resources.Labels(cluster.Name)},
		Spec:       corev1.PodSpec{NodeName: "node", Containers: []corev1.Container{{Name: "gateway", Image: "starling:test"}}},
	}
	require.NoError(t, api.Create(t.Context(), p))
	t.Cleanup(func() { _ = api.Delete(context.Background(), p, client.GracePeriodSeconds(0)) })
	p.Status = status
	require.NoError(t, api.Status().Update(t.Context(), p))
	return p
}

func running(address string) corev1.PodStatus {
	return corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: address, PodIPs: []corev1.PodIP{{IP: address}},
		Conditions:        []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		ContainerStatuses: []corev1.ContainerStatus{{Name: "gateway", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}},
	}
}

func waiting(reason, message string) corev1.PodStatus {
	return corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{{
		Name: "gateway", Image: "starling:test", RestartCount: 3,
		State:                corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}},
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 2, Message: "a\nerror: bad flag\n"}},
	}}}
}

func TestFailuresOfPodsAreToldOnce(t *testing.T) {
	tests := map[string]struct {
		status         corev1.PodStatus
		reason, detail string
	}{
		"image": {waiting("ImagePullBackOff", "no such image"), controllers.ReasonImagePull, "pod chat-1 cannot get image starling:test: ImagePullBackOff: no such image"},
		"crash": {waiting("CrashLoopBackOff", ""), controllers.ReasonCrashLoop, "pod chat-1 keeps ending, 3 times so far: exit code 2, error: bad flag"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cluster := create(t, namespace(t), "chat", minimal)
			awaitOwned(t, cluster.Namespace, "chat")
			p := pod(t, cluster, "chat-1", test.status)
			c := awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionTrue, test.reason)
			require.Equal(t, test.detail, c.Message)
			change(t, cluster, func(s *v1alpha1.RealtimeClusterSpec) { s.Replicas = new(int32(3)) })
			awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionTrue, test.reason)
			require.NoError(t, api.Delete(t.Context(), p, client.GracePeriodSeconds(0)))
			awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionFalse, controllers.ReasonAsExpected)
			await(t, func() error {
				if n := told(t, cluster, test.reason); n != 1 {
					return fmt.Errorf("%d events %s", n, test.reason)
				}
				return nil
			})
		})
	}
}

// told counts how often a reason was told, repetitions included.
func told(t *testing.T, cluster *v1alpha1.RealtimeCluster, reason string) int {
	t.Helper()
	var list eventsv1.EventList
	require.NoError(t, api.List(t.Context(), &list, client.InNamespace(cluster.Namespace)))
	n := 0
	for _, e := range list.Items {
		if e.Reason == reason && e.Regarding.Name == cluster.Name {
			n++
			if e.Series != nil {
				n += int(e.Series.Count)
			}
		}
	}
	return n
}

func TestMissingSecretIsReadFromEvents(t *testing.T) {
	cluster := create(t, namespace(t), "chat", `{auth: {type: JWT, jwt: {keys: [{name: a, secretRef: {name: nowhere, key: key}}]}}}`)
	awaitOwned(t, cluster.Namespace, "chat")
	p := pod(t, cluster, "chat-1", corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{{
		Name: "gateway", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}},
	}}})
	event := &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Namespace: p.Namespace, GenerateName: "chat-"},
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: p.Namespace, Name: p.Name, UID: p.UID},
		Reason:         "FailedMount", Message: `MountVolume.SetUp failed for volume "jwt-keys" : secret "nowhere" not found`,
		LastTimestamp: metav1.Now(), FirstTimestamp: metav1.Now(), Type: corev1.EventTypeWarning,
	}
	require.NoError(t, api.Create(t.Context(), event))
	c := awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionTrue, controllers.ReasonMissingSecret)
	require.Contains(t, c.Message, `secret "nowhere" not found`)
}

func TestQuotaIsTold(t *testing.T) {
	ns := namespace(t)
	quota := &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "tight"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourceServices: resource.MustParse("0")}},
	}
	require.NoError(t, api.Create(t.Context(), quota))
	quota.Status = corev1.ResourceQuotaStatus{Hard: quota.Spec.Hard, Used: corev1.ResourceList{corev1.ResourceServices: resource.MustParse("0")}}
	require.NoError(t, api.Status().Update(t.Context(), quota))
	cluster := create(t, ns, "chat", minimal)
	c := awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionTrue, controllers.ReasonQuota)
	require.Contains(t, c.Message, "exceeded quota: tight")
}

func TestRefusalOfPodsAndAStuckRolloutAreTold(t *testing.T) {
	cluster := create(t, namespace(t), "chat", minimal)
	awaitOwned(t, cluster.Namespace, "chat")
	d := deployment(t, cluster)
	d.Status.Conditions = []appsv1.DeploymentCondition{
		{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate", Message: `pods "x" is forbidden: violates PodSecurity`},
		{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: "ProgressDeadlineExceeded"},
	}
	require.NoError(t, api.Status().Update(t.Context(), d))
	c := awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionTrue, controllers.ReasonPodsRefused)
	require.Equal(t, `pods cannot be created: pods "x" is forbidden: violates PodSecurity; `+
		"the rollout did not get on for 345 seconds; the gateways of before go on serving", c.Message)
}

func TestWhatGatewaysTellIsInTheStatus(t *testing.T) {
	cluster := create(t, namespace(t), "chat", minimal)
	awaitOwned(t, cluster.Namespace, "chat")
	a := gateways.Reading{
		Node: "chat-a", Boot: "a1", Version: "v1", Ready: true, Connections: 3, Members: 4, Channels: 2,
		Peers: []gateways.Peer{{Node: "chat-b", Boot: "b1", State: "live", LinkedIn: true, LinkedOut: true}},
	}
	b := gateways.Reading{
		Node: "chat-b", Boot: "b1", Version: "v1", Ready: true, Connections: 5, Members: 4, Channels: 2,
		Peers: []gateways.Peer{{Node: "chat-a", Boot: "a1", State: "live", LinkedIn: true, LinkedOut: true}},
	}
	fleet.set("10.1.0.1", a)
	fleet.set("10.1.0.2", b)
	pod(t, cluster, "chat-a", running("10.1.0.1"))
	pod(t, cluster, "chat-b", running("10.1.0.2"))
	d := deployment(t, cluster)
	d.Status = appsv1.DeploymentStatus{ObservedGeneration: d.Generation, Replicas: 2, UpdatedReplicas: 2, ReadyReplicas: 2}
	require.NoError(t, api.Status().Update(t.Context(), d))

	awaitCondition(t, cluster, v1alpha1.ConditionMeshConverged, metav1.ConditionTrue, gateways.ReasonConverged)
	awaitCondition(t, cluster, v1alpha1.ConditionReady, metav1.ConditionTrue, controllers.ReasonServing)
	awaitCondition(t, cluster, v1alpha1.ConditionProgressing, metav1.ConditionFalse, controllers.ReasonSettled)
	await(t, func() error {
		if err := api.Get(t.Context(), client.ObjectKeyFromObject(cluster), cluster); err != nil {
			return err
		}
		s := cluster.Status
		if s.Connections == nil || *s.Connections != 8 || *s.Members != 4 || len(s.Gateways) != 2 {
			return fmt.Errorf("status is %+v", s)
		}
		return nil
	})
	require.Equal(t, "v1", cluster.Status.Version)
	require.Equal(t, "b1", cluster.Status.Gateways[1].BootID)
	require.EqualValues(t, 5, *cluster.Status.Gateways[1].Connections)

	t.Run("table", func(t *testing.T) { requireTable(t, cluster) })

	// Counts that change do not make a write at once; a mesh that splits does, once it has lasted.
	version := cluster.ResourceVersion
	a.Connections = 4
	fleet.set("10.1.0.1", a)
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		require.NoError(t, api.Get(t.Context(), client.ObjectKeyFromObject(cluster), cluster))
		require.Equal(t, version, cluster.ResourceVersion)
	}
	a.Peers = nil
	fleet.set("10.1.0.1", a)
	c := awaitCondition(t, cluster, v1alpha1.ConditionMeshConverged, metav1.ConditionFalse, gateways.ReasonSplit)
	require.Equal(t, "chat-a does not see chat-b", c.Message)
	awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionTrue, controllers.ReasonMeshBroken)
}

// requireTable compares what kubectl get prints.
func requireTable(t *testing.T, cluster *v1alpha1.RealtimeCluster) {
	t.Helper()
	raw, err := kubernetes.NewForConfigOrDie(config).RESTClient().Get().
		AbsPath("/apis/realtime.starling.dev/v1alpha1/namespaces", cluster.Namespace, "realtimeclusters").
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").DoRaw(t.Context())
	require.NoError(t, err)
	var table metav1.Table
	require.NoError(t, json.Unmarshal(raw, &table))
	var lines []string
	for _, column := range table.ColumnDefinitions {
		cell := table.Rows[0].Cells[len(lines)]
		if column.Name == "Age" {
			cell = "age"
		}
		lines = append(lines, fmt.Sprintf("%s(%d)=%v", column.Name, column.Priority, cell))
	}
	require.Equal(t, "Name(0)=chat Ready(0)=True Replicas(0)=2 Connections(0)=8 Members(0)=4 Mesh(0)=True Age(0)=age "+
		"Version(1)=v1 Image(1)=starling:test", strings.Join(lines, " "))
}
