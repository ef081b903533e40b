package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers/resources"
)

// FieldOwner is the operator's name in managed fields.
const FieldOwner = "starling-operator"

// A faultError carries a fault out of a step. It needs no retry: something outside must change first.
type faultError struct{ Fault }

func (e faultError) Error() string { return e.Reason + ": " + e.Message }

// reconcileObject makes one object what it should be, or sees to it that there is none.
func (r *Reconciler) reconcileObject(ctx context.Context, s *scope, d resources.Desired) error {
	if r.Kinds != nil && r.Kinds.missing(d.Kind) {
		if d.Config != nil && d.Kind == resources.KindHTTPRoute {
			return faultError{Fault{ReasonMissingKind, "spec.httpRoute needs the Gateway API's CustomResourceDefinitions " +
				"(gateway.networking.k8s.io/v1), which are not installed"}}
		}
		return nil
	}
	existing, err := r.ours(ctx, s, d)
	if err != nil {
		return err
	}
	if d.Config == nil {
		return r.remove(ctx, existing)
	}
	config := d.Config
	if u, ok := config.(*resources.Unstructured); ok {
		config = client.ApplyConfigurationFromUnstructured(u.DeepCopy()) // the client knows no other
	}
	err = r.Client.Apply(ctx, config, client.FieldOwner(FieldOwner), client.ForceOwnership)
	if (noMatch(err) || apierrors.IsNotFound(err)) && slices.Contains(resources.OptionalKinds, d.Kind) {
		return nil // it was removed a moment ago
	}
	return explainApply(d, err)
}

// ours returns the object that exists under a name, if it is this cluster's, or nil. One of somebody else's is a fault: an apply
// would take it over. The read is live, because the caches hold only what carries the operator's label.
func (r *Reconciler) ours(ctx context.Context, s *scope, d resources.Desired) (*metav1.PartialObjectMetadata, error) {
	existing := &metav1.PartialObjectMetadata{}
	existing.SetGroupVersionKind(d.Kind)
	err := r.Reader.Get(ctx, client.ObjectKey{Namespace: s.cluster.Namespace, Name: d.Name}, existing)
	switch {
	case apierrors.IsNotFound(err) || noMatch(err):
		return nil, nil //nolint:nilnil // nothing is there, which is fine
	case err != nil:
		return nil, fmt.Errorf("reading %s %s: %w", d.Kind.Kind, d.Name, err)
	case metav1.IsControlledBy(existing, s.cluster):
		return existing, nil
	case ofFormer(existing, s.cluster.Name):
		return nil, fmt.Errorf("%s %s belongs to a deleted cluster of the same name: waiting for the garbage collector", d.Kind.Kind, d.Name)
	case d.Config == nil:
		return nil, nil //nolint:nilnil // a stranger's, and none of ours is wanted
	}
	return nil, faultError{Fault{ReasonNameConflict, fmt.Sprintf(
		"%s %s exists and is not this cluster's: delete it, or choose another name for the cluster", d.Kind.Kind, d.Name)}}
}

// ofFormer reports whether an object was left by a cluster of the same name, which is being cleaned up.
func ofFormer(object metav1.Object, name string) bool {
	owner := metav1.GetControllerOf(object)
	return owner != nil && owner.Kind == v1alpha1.Kind && owner.Name == name &&
		strings.HasPrefix(owner.APIVersion, v1alpha1.GroupVersion.Group+"/")
}

func (r *Reconciler) remove(ctx context.Context, existing *metav1.PartialObjectMetadata) error {
	if existing == nil || existing.DeletionTimestamp != nil {
		return nil
	}
	uid := existing.UID
	err := r.Client.Delete(ctx, existing, client.Preconditions{UID: &uid})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("deleting %s %s: %w", existing.Kind, existing.Name, err)
	}
	return nil
}

// explainApply tells a refusal, which somebody must see to, from a failure that a retry may mend.
func explainApply(d resources.Desired, err error) error {
	switch {
	case err == nil:
		return nil
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "exceeded quota"):
		return faultError{Fault{ReasonQuota, fmt.Sprintf("%s %s cannot be created: %v", d.Kind.Kind, d.Name, err)}}
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
		return faultError{Fault{ReasonApplyRefused, fmt.Sprintf("%s %s is refused: %v", d.Kind.Kind, d.Name, err)}}
	}
	return fmt.Errorf("applying %s %s: %w", d.Kind.Kind, d.Name, err)
}

// asFault returns the fault in an error, if it is one.
func asFault(err error) (Fault, bool) {
	fault, ok := errors.AsType[faultError](err)
	return fault.Fault, ok
}
