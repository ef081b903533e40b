//go:build envtest

package envtest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers"
	"github.com/starling-realtime/starling/controllers/resources"
)

// definition takes any spec.
func definition(kind schema.GroupVersionKind) *apiextensionsv1.CustomResourceDefinition {
	lower := strings.ToLower(kind.Kind)
	any := true
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{
			Name:        lower + "s." + kind.Group,
			Annotations: map[string]string{apiextensionsv1.KubeAPIApprovedAnnotation: "unapproved, a test's"},
		},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: kind.Group, Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Kind: kind.Kind, ListKind: kind.Kind + "List", Plural: lower + "s", Singular: lower},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: kind.Version, Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
					Type: "object", XPreserveUnknownFields: &any,
				}},
			}},
		},
	}
}

func TestOptionalKindsComeAndGo(t *testing.T) {
	cluster := create(t, namespace(t), "chat", `{auth: {type: Anonymous}, httpRoute: {parentRefs: [{name: public}]}}`)
	awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionTrue, controllers.ReasonMissingKind)

	crds := func() envtest.CRDInstallOptions {
		return envtest.CRDInstallOptions{CRDs: []*apiextensionsv1.CustomResourceDefinition{
			definition(resources.KindHTTPRoute), definition(resources.KindPodMonitor),
		}}
	}
	install := func() {
		_, err := envtest.InstallCRDs(config, crds())
		require.NoError(t, err)
	}
	remove := func() error { return envtest.UninstallCRDs(config, crds()) }
	t.Cleanup(func() { _ = remove() })

	for round := range 2 {
		install()
		for _, kind := range resources.OptionalKinds {
			got := get(t, kind, cluster.Namespace)
			require.Equal(t, cluster.UID, metav1.GetControllerOf(got).UID)
			require.NoError(t, api.Delete(t.Context(), got))
			require.NotEqual(t, got.GetUID(), get(t, kind, cluster.Namespace).GetUID(), "round %d", round)
		}
		awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionFalse, controllers.ReasonAsExpected)
		require.NoError(t, remove())
		awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionTrue, controllers.ReasonMissingKind)
	}
	// The operator is still of use.
	change(t, cluster, func(s *v1alpha1.RealtimeClusterSpec) { s.HTTPRoute = nil })
	awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionFalse, controllers.ReasonAsExpected)
}

// get waits for the object of an optional kind.
func get(t *testing.T, kind schema.GroupVersionKind, ns string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind)
	await(t, func() error {
		err := api.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "chat-gateway"}, object)
		if meta.IsNoMatchError(err) || apierrors.IsNotFound(err) {
			return fmt.Errorf("%s is not there yet: %w", kind.Kind, err)
		}
		return err
	})
	return object
}

func TestOnlyTheLeaderActs(t *testing.T) {
	first, err := newManager(true)
	require.NoError(t, err)
	second, err := newManager(true)
	require.NoError(t, err)
	done := make(chan error, 2)
	firstCtx, stopFirst := context.WithCancel(t.Context())
	secondCtx, stopSecond := context.WithCancel(t.Context())
	defer stopFirst()
	defer stopSecond()
	go func() { done <- first.Start(firstCtx) }()
	await(t, func() error { return elected(first.Elected()) })
	go func() { done <- second.Start(secondCtx) }()
	require.Error(t, elected(second.Elected()))

	stopFirst()
	<-done
	await(t, func() error { return elected(second.Elected()) })
	stopSecond()
	require.NoError(t, <-done)
}

func elected(is <-chan struct{}) error {
	select {
	case <-is:
		return nil
	default:
		return fmt.Errorf("not elected")
	}
}
