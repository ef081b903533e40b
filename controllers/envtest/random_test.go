//go:build envtest

package envtest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"pgregory.net/rapid"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers"
	"github.com/starling-realtime/starling/controllers/gateways"
)

// randomSpec draws a spec that the schema takes, mostly.
func randomSpec(t *rapid.T) map[string]any {
	maybe := func(spec map[string]any, key string, value func() any) {
		if rapid.Bool().Draw(t, key) {
			spec[key] = value()
		}
	}
	num := func(name string, low, high int) func() any {
		return func() any { return rapid.IntRange(low, high).Draw(t, name) }
	}
	text := func(name string, values ...string) func() any {
		return func() any { return rapid.SampledFrom(values).Draw(t, name) }
	}
	labels := func(name string) func() any {
		return func() any {
			return rapid.MapOfN(rapid.StringMatching(`[a-z]{1,8}(\.example/[a-z]{1,5})?`), rapid.StringMatching(`[a-z0-9]{0,10}`), 0, 5).Draw(t, name)
		}
	}
	auth := map[string]any{"type": "Anonymous"}
	if rapid.Bool().Draw(t, "jwt") {
		auth = map[string]any{"type": "JWT", "jwt": map[string]any{"keys": []any{
			map[string]any{"name": "a", "secretRef": map[string]any{"name": "s", "key": "k"}},
		}}}
	}
	gateway, service, drain, network := map[string]any{}, map[string]any{}, map[string]any{}, map[string]any{}
	maybe(gateway, "podLabels", labels("pod labels"))
	maybe(gateway, "podAnnotations", labels("pod annotations"))
	maybe(gateway, "nodeSelector", labels("node selector"))
	maybe(gateway, "priorityClassName", text("priority", "system-cluster-critical", "high"))
	maybe(gateway, "resources", func() any {
		return map[string]any{"limits": map[string]any{"memory": rapid.SampledFrom([]string{"1Gi", "512Mi", "1.5G", "123456789"}).Draw(t, "memory")}}
	})
	maybe(gateway, "tolerations", func() any { return []any{map[string]any{"key": "a", "operator": "Exists", "tolerationSeconds": nil}} })
	maybe(gateway, "topologySpreadConstraints", func() any {
		return []any{map[string]any{"maxSkew": 1 + rapid.IntRange(0, 3).Draw(t, "skew"), "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}}
	})
	maybe(service, "type", text("service", "ClusterIP", "NodePort", "LoadBalancer"))
	maybe(service, "port", num("port", 1, 65535))
	maybe(service, "annotations", labels("annotations"))
	maybe(service, "sessionAffinity", text("affinity", "None", "ClientIP"))
	if service["type"] == "LoadBalancer" {
		maybe(service, "externalTrafficPolicy", text("traffic", "Local", "Cluster"))
		maybe(service, "loadBalancerClass", text("class", "example.com/lb"))
	}
	maybe(drain, "deregisterSeconds", num("deregister", 5, 300))
	maybe(drain, "windowSeconds", num("window", 1, 3600))
	maybe(drain, "closeSeconds", num("close", 1, 60))
	maybe(network, "mode", text("mode", "Managed", "None"))
	maybe(network, "monitoringFrom", func() any {
		return []any{map[string]any{"namespaceSelector": map[string]any{"matchLabels": labels("peer")()}}}
	})
	spec := map[string]any{"auth": auth, "gateway": gateway, "service": service, "drain": drain, "networkPolicy": network}
	maybe(spec, "replicas", num("replicas", 0, 100))
	maybe(spec, "autoscaling", func() any {
		return map[string]any{
			"minReplicas": num("least", 1, 10)(), "maxReplicas": num("most", 5, 100)(), "targetConnections": num("target", 1, 1000000)(),
			"scaleUp": map[string]any{"step": num("step", 1, 100)()},
		}
	})
	maybe(gateway, "capacity", func() any {
		return map[string]any{"connections": num("connections", 1, 50000)(), "acceptPerSecond": num("accept", 1, 10000)()}
	})
	maybe(spec, "image", text("image", "a", "registry.example.com:5000/a/b@sha256:0123"))
	maybe(spec, "imagePullPolicy", text("pull", "Always", "Never"))
	maybe(spec, "imagePullSecrets", func() any { return []any{map[string]any{"name": "r"}} })
	maybe(spec, "ingress", func() any {
		return map[string]any{"host": "*.example.com", "annotations": labels("ingress")(), "tls": map[string]any{"secretName": "tls"}}
	})
	return spec
}

// TestRandomSpecsSettleAtOnce reconciles random specs: every object is valid, and a second reconcile writes nothing.
func TestRandomSpecsSettleAtOnce(t *testing.T) {
	ns := namespace(t)
	reconciler := &controllers.Reconciler{
		Client: api, Reader: api, Recorder: events.NewFakeRecorder(100), DefaultImage: "starling:test", Namespace: "starling-system", Now: time.Now,
		Poller: gateways.NewPoller(fleet.fetch, time.Now),
	}
	accepted, n := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		cluster := &v1alpha1.RealtimeCluster{}
		cluster.Namespace, cluster.Name = ns, fmt.Sprint("random-", n)
		text, err := json.Marshal(randomSpec(rt))
		require.NoError(rt, err)
		require.NoError(rt, json.Unmarshal(text, &cluster.Spec))
		// The manager's own reconciler would mix in.
		cluster.Spec.ReconcilePolicy = v1alpha1.ReconcilePaused
		if err := api.Create(t.Context(), cluster); apierrors.IsInvalid(err) {
			return
		} else {
			require.NoError(rt, err)
		}
		accepted++
		defer func() { _ = api.Delete(context.Background(), cluster) }()
		active := &asActive{Client: api}
		reconciler.Client, reconciler.Reader = active, api
		request := ctrl.Request{NamespacedName: client.ObjectKeyFromObject(cluster)}

		_, err = reconciler.Reconcile(t.Context(), request)
		require.NoError(rt, err, "%s", text)
		require.NotEqual(rt, controllers.ReasonApplyRefused, active.degraded(), "%s\n%s", text, active.message())
		before := versions(t, ns, cluster.Name)
		_, err = reconciler.Reconcile(t.Context(), request)
		require.NoError(rt, err)
		require.Equal(rt, before, versions(t, ns, cluster.Name), "%s", text)
		for _, object := range owned(ns, cluster.Name) {
			_ = api.Delete(t.Context(), object)
		}
	})
	require.Positive(t, accepted)
	t.Logf("%d of %d specs were taken by the schema", accepted, n)
}

// asActive shows a paused cluster as active, and keeps the status from the API server.
type asActive struct {
	client.Client
	status v1alpha1.RealtimeClusterStatus
}

func (a *asActive) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	err := a.Client.Get(ctx, key, object, options...)
	if cluster, ok := object.(*v1alpha1.RealtimeCluster); ok {
		cluster.Spec.ReconcilePolicy = v1alpha1.ReconcileActive
		cluster.Status = a.status
	}
	return err
}

func (a *asActive) Status() client.SubResourceWriter { return keepStatus{a.Client.Status(), a} }

func (a *asActive) degraded() string {
	for _, c := range a.status.Conditions {
		if c.Type == v1alpha1.ConditionDegraded {
			return c.Reason
		}
	}
	return ""
}

func (a *asActive) message() string {
	for _, c := range a.status.Conditions {
		if c.Type == v1alpha1.ConditionDegraded {
			return c.Message
		}
	}
	return ""
}

type keepStatus struct {
	client.SubResourceWriter
	to *asActive
}

func (k keepStatus) Patch(_ context.Context, object client.Object, _ client.Patch, _ ...client.SubResourcePatchOption) error {
	k.to.status = object.(*v1alpha1.RealtimeCluster).Status
	return nil
}

// versions are the resource versions of all objects of a cluster that exist.
func versions(t *testing.T, ns, cluster string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, object := range owned(ns, cluster) {
		err := api.Get(t.Context(), client.ObjectKeyFromObject(object), object)
		if apierrors.IsNotFound(err) {
			continue
		}
		require.NoError(t, err)
		all[fmt.Sprintf("%T %s", object, object.GetName())] = object.GetResourceVersion()
	}
	require.GreaterOrEqual(t, len(all), 6)
	return all
}
