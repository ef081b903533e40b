//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/starling-realtime/starling/controllers/resources"
)

// dump logs whatever may explain a failure. What cannot be read is said and left out.
func (w *world) dump(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, m := range w.members {
		t.Log(m)
	}
	if rtc, err := w.cluster(ctx); err != nil {
		t.Logf("reading the cluster: %v", err)
	} else {
		text, _ := yaml.Marshal(rtc.Status)
		t.Logf("status of the cluster, generation %d:\n%s", rtc.Generation, text)
	}
	w.dumpNodes(ctx, t)
	for _, ns := range []string{operatorNamespace, namespace} {
		w.dumpEvents(ctx, t, ns)
		w.dumpPods(ctx, t, ns)
	}
}

// dumpNodes says since when each node is ready or not, and how busy this machine is: a node that is slow to come back explains a lot.
func (w *world) dumpNodes(ctx context.Context, t *testing.T) {
	t.Helper()
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		t.Logf("load of this machine: %s", load)
	}
	var nodes corev1.NodeList
	if err := w.api.List(ctx, &nodes); err != nil {
		t.Logf("reading nodes: %v", err)
	}
	for _, node := range nodes.Items {
		for _, c := range node.Status.Conditions {
			if c.Type == corev1.NodeReady {
				t.Logf("node %s: Ready is %s since %s: %s: %s", node.Name, c.Status, c.LastTransitionTime.Format(time.TimeOnly), c.Reason, c.Message)
			}
		}
	}
}

func (w *world) dumpEvents(ctx context.Context, t *testing.T, ns string) {
	t.Helper()
	var events corev1.EventList
	if err := w.api.List(ctx, &events, client.InNamespace(ns)); err != nil {
		t.Logf("reading events of %s: %v", ns, err)
	}
	slices.SortFunc(events.Items, func(a, b corev1.Event) int { return when(&a).Compare(when(&b)) })
	for _, e := range events.Items {
		t.Logf("event %s %s %s/%s %s: %s", when(&e).Format(time.TimeOnly), e.Type, e.InvolvedObject.Kind, e.InvolvedObject.Name,
			e.Reason, e.Message)
	}
}

// when is the last time that an event is about; which field has it depends on who made it.
func when(e *corev1.Event) time.Time {
	switch {
	case e.Series != nil:
		return e.Series.LastObservedTime.Time
	case !e.LastTimestamp.IsZero():
		return e.LastTimestamp.Time
	case !e.EventTime.IsZero():
		return e.EventTime.Time
	default:
		return e.CreationTimestamp.Time
	}
}

func (w *world) dumpPods(ctx context.Context, t *testing.T, ns string) {
	t.Helper()
	var pods corev1.PodList
	if err := w.api.List(ctx, &pods, client.InNamespace(ns)); err != nil {
		t.Logf("reading pods of %s: %v", ns, err)
	}
	for _, pod := range pods.Items {
		t.Logf("pod %s/%s at %s, %s, ends %v, containers %+v", ns, pod.Name, pod.Status.PodIP, pod.Status.Phase, pod.DeletionTimestamp,
			pod.Status.ContainerStatuses)
		t.Logf("log of %s:\n%s", pod.Name, w.logs(ctx, ns, pod.Name, false))
		for _, c := range pod.Status.ContainerStatuses {
			if c.RestartCount > 0 {
				t.Logf("log of %s before its restart:\n%s", pod.Name, w.logs(ctx, ns, pod.Name, true))
			}
		}
		if ns == namespace {
			t.Logf("/status of %s:\n%s", pod.Name, gatewayStatus(ctx, pod.Status.PodIP))
		}
	}
}

// logs returns the end of a pod's log, or why there is none.
func (w *world) logs(ctx context.Context, ns, pod string, previous bool) string {
	config := rest.CopyConfig(w.config)
	config.APIPath, config.GroupVersion, config.NegotiatedSerializer = "/api", &corev1.SchemeGroupVersion, scheme.Codecs.WithoutConversion()
	core, err := rest.RESTClientFor(config)
	if err != nil {
		return err.Error()
	}
	text, err := core.Get().Namespace(ns).Resource("pods").Name(pod).SubResource("log").
		Param("tailLines", "200").Param("previous", strconv.FormatBool(previous)).DoRaw(ctx)
	if err != nil {
		return fmt.Sprintf("%s%v", text, err)
	}
	return string(text)
}

// gatewayStatus returns what a gateway tells of itself, or why it does not.
func gatewayStatus(ctx context.Context, ip string) string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	url := "http://" + net.JoinHostPort(ip, strconv.Itoa(resources.AdminPort)) + "/status"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
