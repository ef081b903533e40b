package kubestatus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers/resources"
	"github.com/starling-realtime/starling/gateway/overview"
)

const (
	// podTimeout bounds the wait for one pod, and atOnce how many are asked at the same time.
	podTimeout = 5 * time.Second
	atOnce     = 16
)

// A Cluster is a RealtimeCluster and what its gateways say.
type Cluster struct {
	*v1alpha1.RealtimeCluster
	Gateways *overview.Overview
}

// Fetch returns the named cluster of a namespace, or all of them when the name is empty, by name. The error says what could not be
// read, and which right is missing.
func Fetch(ctx context.Context, k kubernetes.Interface, namespace, name string) ([]Cluster, error) {
	found, err := clusters(ctx, k, namespace, name)
	if err != nil {
		return nil, err
	}
	out := make([]Cluster, len(found))
	for i := range found {
		gateways, err := gateways(ctx, k, &found[i])
		if err != nil {
			return nil, err
		}
		out[i] = Cluster{&found[i], gateways}
	}
	return out, nil
}

// denied says which right is missing.
func denied(verb, resource, namespace string) error {
	return fmt.Errorf("this user may not %s %s in namespace %s: ClusterRole starling-realtimecluster-status-reader has that right",
		verb, resource, namespace)
}

// clusters reads RealtimeClusters without a client of their own: two requests do.
func clusters(ctx context.Context, k kubernetes.Interface, namespace, name string) ([]v1alpha1.RealtimeCluster, error) {
	request := k.CoreV1().RESTClient().Get().AbsPath("apis", v1alpha1.GroupVersion.Group, v1alpha1.GroupVersion.Version).
		Namespace(namespace).Resource("realtimeclusters")
	if name != "" {
		request = request.Name(name)
	}
	result := request.Do(ctx)
	raw, _ := result.Raw()
	err := result.Error() // the API's own word, unlike Raw's, which is the same for a path that does not exist
	verb, what := "list", "the RealtimeClusters of namespace "+namespace
	if name != "" {
		verb, what = "get", "RealtimeCluster "+namespace+"/"+name
	}
	switch {
	case apierrors.IsForbidden(err):
		return nil, denied(verb, "realtimeclusters", namespace)
	case apierrors.IsNotFound(err) && (name == "" || apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)):
		return nil, errors.New("this Kubernetes has no RealtimeClusters: is the operator installed?")
	case apierrors.IsNotFound(err):
		return nil, fmt.Errorf("there is no %s", what)
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	var list struct {
		Items []v1alpha1.RealtimeCluster `json:"items"`
	}
	if name != "" {
		list.Items = make([]v1alpha1.RealtimeCluster, 1)
		err = json.Unmarshal(raw, &list.Items[0])
	} else {
		err = json.Unmarshal(raw, &list)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	return list.Items, nil
}

// gateways asks every pod of a cluster.
func gateways(ctx context.Context, k kubernetes.Interface, cluster *v1alpha1.RealtimeCluster) (*overview.Overview, error) {
	pods, err := k.CoreV1().Pods(cluster.Namespace).List(ctx, metav1.ListOptions{LabelSelector: resources.LabelCluster + "=" + cluster.Name})
	if apierrors.IsForbidden(err) {
		return nil, denied("list", "pods", cluster.Namespace)
	}
	if err != nil {
		return nil, fmt.Errorf("listing the pods of %s/%s: %w", cluster.Namespace, cluster.Name, err)
	}
	o := &overview.Overview{Cluster: cluster.Name, At: time.Now().UTC()}
	var mu sync.Mutex
	var asking sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for i := range pods.Items {
		pod := &pods.Items[i]
		if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue
		}
		asking.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			g, err := ask(ctx, k, pod)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				o.Missing = append(o.Missing, overview.Missing{Node: pod.Name, Reason: err.Error()})
				return
			}
			o.Gateways = append(o.Gateways, *g)
		})
	}
	asking.Wait()
	o.Complete()
	return o, nil
}

// ask gets the status of one pod.
func ask(ctx context.Context, k kubernetes.Interface, pod *corev1.Pod) (*overview.Gateway, error) {
	if pod.Status.Phase != corev1.PodRunning {
		return nil, fmt.Errorf("the pod is %s", pod.Status.Phase)
	}
	ctx, cancel := context.WithTimeout(ctx, podTimeout)
	defer cancel()
	raw, err := k.CoreV1().RESTClient().Get().Namespace(pod.Namespace).Resource("pods").
		Name(pod.Name + ":" + strconv.Itoa(resources.AdminPort)).SubResource("proxy").Suffix("status").DoRaw(ctx)
	switch {
	case apierrors.IsForbidden(err):
		return nil, denied("get", "pods/proxy", pod.Namespace)
	case ctx.Err() != nil:
		return nil, fmt.Errorf("no answer within %g s", podTimeout.Seconds())
	case err != nil:
		return nil, err
	}
	g := new(overview.Gateway)
	if err := json.Unmarshal(raw, g); err != nil {
		return nil, fmt.Errorf("reading its status: %w", err)
	}
	return g, nil
}
