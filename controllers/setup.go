package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers/gateways"
	"github.com/starling-realtime/starling/controllers/resources"
)

// Options say how the controller runs. The zero value of a duration is its default.
type Options struct {
	// DefaultImage is the image of gateways whose cluster names none.
	DefaultImage string
	// Namespace is the operator's.
	Namespace string
	// Fetch reads a gateway's status; nil: over HTTP from the admin port.
	Fetch gateways.Fetch
	// PollEvery is how often gateways are asked; 5 s.
	PollEvery time.Duration
	// DiscoverEvery is how often the operator looks for optional kinds; 30 s.
	DiscoverEvery time.Duration
	// Concurrency is how many clusters are reconciled at a time; 4.
	Concurrency int
	// Metrics is where the operator's metrics are registered; nil: nowhere.
	Metrics prometheus.Registerer
	// SkipNameValidation allows several controllers in one process, which tests need.
	SkipNameValidation bool
}

func (o *Options) setDefaults() {
	if o.Fetch == nil {
		o.Fetch = gateways.NewFetch(resources.AdminPort)
	}
	if o.PollEvery == 0 {
		o.PollEvery = 5 * time.Second
	}
	if o.DiscoverEvery == 0 {
		o.DiscoverEvery = 30 * time.Second
	}
	if o.Concurrency == 0 {
		o.Concurrency = 4
	}
}

// NewScheme knows Kubernetes' own kinds and ours.
func NewScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("registering Kubernetes' kinds: %w", err)
	}
	return scheme, v1alpha1.AddToScheme(scheme)
}

// CacheOptions keep the caches to what is the operator's; no namespaces are all of them.
func CacheOptions(namespaces []string) cache.Options {
	options := cache.Options{
		DefaultLabelSelector: labels.SelectorFromSet(labels.Set{resources.LabelManagedBy: resources.ManagedBy}),
		ByObject:             map[client.Object]cache.ByObject{&v1alpha1.RealtimeCluster{}: {Label: labels.Everything()}},
	}
	if len(namespaces) > 0 {
		options.DefaultNamespaces = map[string]cache.Config{}
		for _, namespace := range namespaces {
			options.DefaultNamespaces[namespace] = cache.Config{}
		}
	}
	return options
}

// ClientOptions keep Secrets and Events out of the caches.
func ClientOptions() client.Options {
	return client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}, &corev1.Event{}}}}
}

// Setup adds the controller, and what goes with it, to a manager made with [NewScheme], [CacheOptions] and [ClientOptions].
func Setup(mgr manager.Manager, options Options) error {
	options.setDefaults()
	lookup, err := discovery.NewDiscoveryClientForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return fmt.Errorf("making a discovery client: %w", err)
	}
	kinds := &OptionalKinds{discovery: lookup, every: options.DiscoverEvery, present: map[schema.GroupVersionKind]bool{}}
	r := &Reconciler{
		Client: mgr.GetClient(), Reader: mgr.GetAPIReader(), Recorder: mgr.GetEventRecorder(resources.ManagedBy),
		Poller: gateways.NewPoller(options.Fetch, time.Now), Loads: NewLoads(), Metrics: NewMetrics(), Kinds: kinds,
		DefaultImage: options.DefaultImage, Namespace: options.Namespace, Now: time.Now,
	}
	if options.Metrics != nil {
		if err := options.Metrics.Register(r.Metrics); err != nil {
			return fmt.Errorf("registering the metrics: %w", err)
		}
	}
	woken := make(chan event.GenericEvent)
	c, err := newController(mgr, r, woken, options)
	if err != nil {
		return err
	}
	watches := optionalWatches{manager: mgr, controller: c, reconciler: r, woken: woken}
	kinds.appeared, kinds.removed = watches.add, watches.drop
	for _, runnable := range []manager.Runnable{kinds, &pollLoop{reconciler: r, every: options.PollEvery, changed: woken}} {
		if err := mgr.Add(runnable); err != nil {
			return fmt.Errorf("adding to the manager: %w", err)
		}
	}
	return nil
}

func newController(mgr manager.Manager, r *Reconciler, woken <-chan event.GenericEvent, options Options) (controller.Controller, error) {
	c, err := ctrl.NewControllerManagedBy(mgr).
		Named("realtimecluster").
		// The status is the operator's own.
		For(&v1alpha1.RealtimeCluster{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Owns(&appsv1.Deployment{}).
		Owns(&corev1.Service{}).
		Owns(&corev1.ServiceAccount{}).
		Owns(&policyv1.PodDisruptionBudget{}).
		Owns(&networkingv1.NetworkPolicy{}).
		Owns(&networkingv1.Ingress{}).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(clusterOfPod)).
		WatchesRawSource(source.Channel(woken, &handler.EnqueueRequestForObject{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: options.Concurrency, SkipNameValidation: &options.SkipNameValidation}).
		Build(r)
	if err != nil {
		return nil, fmt.Errorf("making the controller: %w", err)
	}
	return c, nil
}

// clusterOfPod finds a gateway's cluster by label: pods are owned by ReplicaSets.
func clusterOfPod(_ context.Context, pod client.Object) []ctrl.Request {
	name := pod.GetLabels()[resources.LabelCluster]
	if name == "" {
		return nil
	}
	return []ctrl.Request{{NamespacedName: types.NamespacedName{Namespace: pod.GetNamespace(), Name: name}}}
}

// watchTimeout bounds the start of a watch.
const watchTimeout = 10 * time.Second

// optionalWatches starts and ends the watches of kinds that come and go.
type optionalWatches struct {
	manager    manager.Manager
	controller controller.Controller
	reconciler *Reconciler
	woken      chan<- event.GenericEvent
}

func (w *optionalWatches) add(ctx context.Context, object *unstructured.Unstructured) error {
	owner := handler.EnqueueRequestForOwner(w.manager.GetScheme(), w.manager.GetRESTMapper(), &v1alpha1.RealtimeCluster{},
		handler.OnlyControllerOwner())
	kind := source.Kind[client.Object](w.manager.GetCache(), object, owner)
	if err := w.controller.Watch(kind); err != nil {
		return err
	}
	// Nothing is made before its end would be seen.
	syncing, cancel := context.WithTimeout(ctx, watchTimeout)
	defer cancel()
	if err := kind.WaitForSync(syncing); err != nil {
		return errors.Join(err, w.manager.GetCache().RemoveInformer(ctx, object))
	}
	return w.wakeAll(ctx)
}

// drop ends the informer: it would complain for ever that its kind is gone.
func (w *optionalWatches) drop(ctx context.Context, object *unstructured.Unstructured) {
	if err := w.manager.GetCache().RemoveInformer(ctx, object); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "ending a watch", "kind", object.GetKind())
	}
	if err := w.wakeAll(ctx); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "after a kind was removed", "kind", object.GetKind())
	}
}

func (w *optionalWatches) wakeAll(ctx context.Context) error {
	var list v1alpha1.RealtimeClusterList
	if err := w.reconciler.Client.List(ctx, &list); err != nil {
		return fmt.Errorf("listing the clusters: %w", err)
	}
	for i := range list.Items {
		select {
		case w.woken <- event.GenericEvent{Object: &list.Items[i]}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
