//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

// remove deletes the cluster: Kubernetes then deletes all that the operator made, and nothing else was made.
func (w *world) remove(t *testing.T) {
	for len(w.members) > 0 {
		w.dismiss(w.members[0])
	}
	require.NoError(t, w.api.Delete(t.Context(), &v1alpha1.RealtimeCluster{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: clusterName},
	}))
	// The test's own; the cluster's Secrets go with it.
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: apiSecret}}
	require.NoError(t, client.IgnoreNotFound(w.api.Delete(t.Context(), secret)))
	w.await(t, "nothing is left in the namespace", func(ctx context.Context) error {
		left, err := w.everything(ctx, namespace)
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("left: %s", strings.Join(left, ", "))
		}
		return err
	})
}

// everything lists the objects of all kinds in a namespace, but for what Kubernetes puts into each, and events.
func (w *world) everything(ctx context.Context, ns string) ([]string, error) {
	kinds, err := discovery.NewDiscoveryClientForConfig(w.config)
	if err != nil {
		return nil, err
	}
	groups, err := kinds.ServerPreferredNamespacedResources()
	if err != nil {
		return nil, fmt.Errorf("looking for kinds: %w", err)
	}
	var found []string
	for _, group := range groups {
		version, err := schema.ParseGroupVersion(group.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, kind := range group.APIResources {
			if !slices.Contains(kind.Verbs, "list") || kind.Kind == "Event" {
				continue
			}
			list := &unstructured.UnstructuredList{}
			list.SetGroupVersionKind(version.WithKind(kind.Kind + "List"))
			if err := w.api.List(ctx, list, client.InNamespace(ns)); err != nil {
				return nil, fmt.Errorf("listing %s: %w", kind.Name, err)
			}
			for _, object := range list.Items {
				if name := kind.Kind + "/" + object.GetName(); name != "ServiceAccount/default" && name != "ConfigMap/kube-root-ca.crt" {
					found = append(found, name)
				}
			}
		}
	}
	return found, nil
}

// uninstall takes the operator away. The CustomResourceDefinition stays, and is the test's to delete.
func (w *world) uninstall(t *testing.T) {
	w.helm(t, "uninstall", release, "--namespace", operatorNamespace, "--wait", "--timeout", "4m")
	err := w.api.Get(t.Context(), client.ObjectKey{Namespace: operatorNamespace, Name: release + "-operator"}, &appsv1.Deployment{})
	require.True(t, apierrors.IsNotFound(err), "the operator's Deployment after the uninstallation: %v", err)

	definition := &unstructured.Unstructured{}
	definition.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	definition.SetName("realtimeclusters." + v1alpha1.GroupVersion.Group)
	require.NoError(t, w.api.Delete(t.Context(), definition), "the definition should have stayed")
	for _, name := range []string{namespace, operatorNamespace} {
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		require.NoError(t, w.api.Delete(t.Context(), ns))
	}
	for _, object := range []client.Object{
		definition, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: operatorNamespace}},
	} {
		w.await(t, object.GetName()+" is gone", func(ctx context.Context) error {
			err := w.api.Get(ctx, client.ObjectKeyFromObject(object), object)
			if apierrors.IsNotFound(err) {
				return nil
			}
			return errors.Join(err, errors.New("it is there still"))
		})
	}
}
