package resources

import (
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

const revisionHistory = 3

// deployment replaces one gateway at a time, and starts the new one first. It always says how many there are: an apply that leaves
// out a field that it owned resets it.
func (b *builder) deployment() (*appsv1ac.DeploymentApplyConfiguration, error) {
	times := TimesOf(b.spec)
	template, err := b.podTemplate(times)
	if err != nil {
		return nil, err
	}
	d := appsv1ac.Deployment(b.name(), b.cluster.Namespace).WithLabels(b.labels()).WithOwnerReferences(b.owner())
	if b.in.HoldRollout {
		held, err := hashOf(template)
		if err != nil {
			return nil, err
		}
		d.WithAnnotations(map[string]string{AnnotationHeld: held})
	}
	return d.
		WithSpec(appsv1ac.DeploymentSpec().
			WithReplicas(b.in.Replicas).
			WithPaused(b.in.HoldRollout || b.spec.Rollout.Policy == v1alpha1.RolloutPaused).
			WithRevisionHistoryLimit(revisionHistory).
			WithMinReadySeconds(times.MinReady).
			WithProgressDeadlineSeconds(times.ProgressDeadline).
			WithStrategy(appsv1ac.DeploymentStrategy().WithType(appsv1.RollingUpdateDeploymentStrategyType).
				WithRollingUpdate(appsv1ac.RollingUpdateDeployment().
					WithMaxSurge(intstr.FromInt32(1)).WithMaxUnavailable(intstr.FromInt32(0)))).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(b.selector())).
			WithTemplate(template)), nil
}

// TemplateHash is a short hash of the pods' template. It changes when a rollout is needed.
func TemplateHash(in Input) (string, error) {
	b := builder{in: in, cluster: in.Cluster, spec: &in.Cluster.Spec}
	template, err := b.podTemplate(TimesOf(b.spec))
	if err != nil {
		return "", err
	}
	return hashOf(template)
}

func hashOf(template *corev1ac.PodTemplateSpecApplyConfiguration) (string, error) {
	text, err := json.Marshal(template)
	if err != nil {
		return "", fmt.Errorf("hashing the template: %w", err)
	}
	return hash([]string{string(text)}), nil
}

func (b *builder) podTemplate(times Times) (*corev1ac.PodTemplateSpecApplyConfiguration, error) {
	g := &b.spec.Gateway
	args := b.args(times)
	container, err := b.container(args)
	if err != nil {
		return nil, err
	}
	spec := corev1ac.PodSpec().
		WithServiceAccountName(b.name()).
		WithAutomountServiceAccountToken(false).
		WithEnableServiceLinks(false). // a Service's variables could look like a gateway's settings
		WithTerminationGracePeriodSeconds(int64(times.TerminationGrace)).
		WithSecurityContext(corev1ac.PodSecurityContext().WithRunAsNonRoot(true).
			WithSeccompProfile(corev1ac.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))).
		WithNodeSelector(plain(g.NodeSelector)).
		WithVolumes(b.volumes()...).
		WithContainers(container)
	if g.PriorityClassName != "" {
		spec.WithPriorityClassName(g.PriorityClassName)
	}
	for _, secret := range b.spec.ImagePullSecrets {
		spec.WithImagePullSecrets(corev1ac.LocalObjectReference().WithName(secret.Name))
	}
	if err := b.place(spec); err != nil {
		return nil, err
	}
	// The operator's own labels come last: a selector depends on them.
	return corev1ac.PodTemplateSpec().
		WithLabels(plain(g.PodLabels)).WithLabels(b.labels()).
		WithAnnotations(plain(g.PodAnnotations)).WithAnnotations(map[string]string{AnnotationConfigHash: hash(args)}).
		WithSpec(spec), nil
}

// volumes hold the keys as directories, so that a Secret that changes reaches running gateways.
func (b *builder) volumes() []*corev1ac.VolumeApplyConfiguration {
	key := MeshKey(b.cluster)
	volumes := []*corev1ac.VolumeApplyConfiguration{
		corev1ac.Volume().WithName("mesh-key").WithSecret(corev1ac.SecretVolumeSource().
			WithSecretName(key.Name).WithDefaultMode(readable).
			WithItems(corev1ac.KeyToPath().WithKey(key.Key).WithPath(MeshKeyEntry))),
	}
	if ref := b.spec.Auth.APIKeysSecretRef; ref != nil {
		volumes = append(volumes, corev1ac.Volume().WithName("api-keys").WithSecret(corev1ac.SecretVolumeSource().
			WithSecretName(ref.Name).WithDefaultMode(readable).
			WithItems(corev1ac.KeyToPath().WithKey(ref.Key).WithPath(apiKeyFile))))
	}
	if !b.hasKeyFiles() {
		return volumes
	}
	jwt := corev1ac.ProjectedVolumeSource().WithDefaultMode(readable)
	for _, key := range b.spec.Auth.JWT.Keys {
		jwt.WithSources(corev1ac.VolumeProjection().WithSecret(corev1ac.SecretProjection().
			WithName(key.SecretRef.Name).
			WithItems(corev1ac.KeyToPath().WithKey(key.SecretRef.Key).WithPath(key.Name))))
	}
	return append(volumes, corev1ac.Volume().WithName("jwt-keys").WithProjected(jwt))
}

// hasKeyFiles says whether keys of tokens come from Secrets.
func (b *builder) hasKeyFiles() bool { return b.spec.Auth.JWT != nil && len(b.spec.Auth.JWT.Keys) > 0 }

// readable is for everybody in the container: which user that is, the image decides.
const readable = 0o444
