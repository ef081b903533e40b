package controllers

import (
	"context"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/starling-realtime/starling/controllers/resources"
)

// OptionalKinds knows which of [resources.OptionalKinds] are installed. It asks discovery again and again, which needs no rights,
// instead of watching CustomResourceDefinitions, which needs rights on the whole cluster. It is safe for concurrent use.
type OptionalKinds struct {
	discovery discovery.DiscoveryInterface
	every     time.Duration
	// appeared and removed are called from [OptionalKinds.Start] only. A kind whose watch cannot be started counts as missing.
	appeared func(context.Context, *unstructured.Unstructured) error
	removed  func(context.Context, *unstructured.Unstructured)

	mu      sync.Mutex
	present map[schema.GroupVersionKind]bool
}

// missing reports whether a kind is optional and not installed.
func (k *OptionalKinds) missing(kind schema.GroupVersionKind) bool {
	if !slices.Contains(resources.OptionalKinds, kind) {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.present[kind]
}

// Start implements manager.Runnable.
func (k *OptionalKinds) Start(ctx context.Context) error {
	ticker := time.NewTicker(k.every)
	defer ticker.Stop()
	for {
		for _, kind := range resources.OptionalKinds {
			k.check(ctx, kind)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (k *OptionalKinds) check(ctx context.Context, kind schema.GroupVersionKind) {
	installed, err := k.installed(kind)
	if err != nil {
		log.FromContext(ctx).V(1).Info("discovery does not tell whether a kind is installed", "kind", kind.String(), "error", err.Error())
		return
	}
	if installed != k.missing(kind) {
		return
	}
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind)
	if installed {
		k.set(kind, true)
		if err := k.appeared(ctx, object); err != nil {
			log.FromContext(ctx).Error(err, "watching a kind that appeared", "kind", kind.String())
			k.set(kind, false)
		}
		return
	}
	k.set(kind, false)
	k.removed(ctx, object)
}

func (k *OptionalKinds) set(kind schema.GroupVersionKind, present bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.present[kind] = present
}

func (k *OptionalKinds) installed(kind schema.GroupVersionKind) (bool, error) {
	list, err := k.discovery.ServerResourcesForGroupVersion(kind.GroupVersion().String())
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for i := range list.APIResources {
		if list.APIResources[i].Kind == kind.Kind {
			return true, nil
		}
	}
	return false, nil
}
