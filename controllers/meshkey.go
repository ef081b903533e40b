package controllers

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers/resources"
)

const meshKeyBytes = 32

// ensureMeshKey makes the Secret with the mesh key if there is none. It is never applied and never changed: what is in it is
// for people to rotate. A Secret that was deleted is made again with another key, since nobody but the gateways has the former
// one. They take it over as it reaches their nodes, and one that starts meanwhile is not ready before all others have it.
func (r *Reconciler) ensureMeshKey(ctx context.Context, s *scope) error {
	if s.cluster.Spec.Mesh.KeySecretRef != nil {
		return nil // pods say it when it is missing
	}
	key := client.ObjectKey{Namespace: s.cluster.Namespace, Name: resources.MeshKeySecretName(s.cluster.Name)}
	var secret corev1.Secret
	err := r.Reader.Get(ctx, key, &secret)
	if apierrors.IsNotFound(err) {
		if err := r.Client.Create(ctx, newMeshKey(s.cluster)); !apierrors.IsAlreadyExists(err) {
			return wrap(err, "creating the Secret "+key.Name)
		}
		err = r.Reader.Get(ctx, key, &secret)
	}
	if err != nil {
		return wrap(err, "reading the Secret "+key.Name)
	}
	if !metav1.IsControlledBy(&secret, s.cluster) {
		if ofFormer(&secret, s.cluster.Name) {
			return fmt.Errorf("the Secret %s belongs to a deleted cluster of the same name: waiting for the garbage collector", key.Name)
		}
		return faultError{Fault{ReasonNameConflict, fmt.Sprintf(
			"Secret %s exists and is not this cluster's: delete it, or name it in spec.mesh.keySecretRef if the keys in it are right", key.Name)}}
	}
	if len(secret.Data[resources.MeshKeyEntry]) == 0 {
		return faultError{Fault{ReasonInvalidMeshKey, fmt.Sprintf(
			"Secret %s has no entry %s: delete the Secret, and the operator makes a new one", key.Name, resources.MeshKeyEntry)}}
	}
	return nil
}

func newMeshKey(cluster *v1alpha1.RealtimeCluster) *corev1.Secret {
	random := make([]byte, meshKeyBytes)
	_, _ = rand.Read(random) // it never fails
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: resources.MeshKeySecretName(cluster.Name), Namespace: cluster.Namespace,
			Labels:          resources.Labels(cluster.Name),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(cluster, v1alpha1.GroupVersion.WithKind(v1alpha1.Kind))},
		},
		Data: map[string][]byte{resources.MeshKeyEntry: []byte(base64.StdEncoding.EncodeToString(random) + "\n")},
	}
}

func wrap(err error, doing string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
