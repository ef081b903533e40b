package resources

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/internal/gatewayargs"
)

const (
	// Program is the gateway's file in the image.
	Program = "/usr/local/bin/starling"

	gatewayContainer = "gateway"

	meshKeyFolder = "/etc/starling/mesh"
	jwtKeyFolder  = "/etc/starling/jwt"
	apiKeyFolder  = "/etc/starling/api"
	apiKeyFile    = "keys"
)

// args are the gateway's flags. What differs between the pods of a cluster is in their environment instead.
func (b *builder) args(times Times) []string {
	args := []string{
		"gateway",
		"--listen=:" + strconv.Itoa(ClientPort),
		"--admin-listen=:" + strconv.Itoa(AdminPort),
		"--mesh-listen=:" + strconv.Itoa(MeshPort),
		fmt.Sprintf("--join=%s.%s.svc:%d", MeshServiceName(b.cluster.Name), b.cluster.Namespace, MeshPort),
		"--mesh-key-file=" + meshKeyFolder + "/" + MeshKeyEntry,
		fmt.Sprintf("--deregister=%ds", times.Deregister),
		fmt.Sprintf("--drain-window=%ds", times.Window),
		fmt.Sprintf("--drain-close=%ds", times.Close),
		"--log-format=json",
	}
	if jwt := b.spec.Auth.JWT; jwt != nil {
		for _, key := range jwt.Keys {
			args = append(args, "--jwt-key-file="+keyFile(key))
		}
	}
	if b.spec.Auth.APIKeysSecretRef != nil {
		args = append(args, "--api-keys-file="+apiKeyFolder+"/"+apiKeyFile)
	}
	if b.spec.Gateway.Demo {
		args = append(args, "--demo")
	}
	for _, arg := range gatewayargs.Of(b.cluster) {
		// Kubernetes puts variables for $(NAME) into arguments.
		args = append(args, strings.ReplaceAll(arg, "$", "$$"))
	}
	return args
}

// keyFile is a key's file as the gateway's flag names it.
func keyFile(key v1alpha1.JWTKey) string {
	path := jwtKeyFolder + "/" + key.Name
	if key.Algorithm == "" {
		return path
	}
	return string(key.Algorithm) + ":" + path
}

// hash is short: it tells configurations apart, and proves nothing.
func hash(args []string) string {
	sum := sha256.Sum256([]byte(strings.Join(args, "\x00")))
	return hex.EncodeToString(sum[:6])
}

func (b *builder) container(args []string) (*corev1ac.ContainerApplyConfiguration, error) {
	resources := b.resources()
	applied, err := convert[corev1ac.ResourceRequirementsApplyConfiguration](resources)
	if err != nil {
		return nil, err
	}
	c := corev1ac.Container().WithName(gatewayContainer).WithImage(b.in.Image()).
		WithCommand(Program).WithArgs(args...).
		WithEnv(environment(resources)...).
		WithEnv(b.tracingEnvironment()...).
		WithResources(applied).
		WithPorts(
			corev1ac.ContainerPort().WithName("client").WithContainerPort(ClientPort).WithProtocol(corev1.ProtocolTCP),
			corev1ac.ContainerPort().WithName("admin").WithContainerPort(AdminPort).WithProtocol(corev1.ProtocolTCP),
			corev1ac.ContainerPort().WithName("mesh").WithContainerPort(MeshPort).WithProtocol(corev1.ProtocolTCP),
			corev1ac.ContainerPort().WithName("mesh-udp").WithContainerPort(MeshPort).WithProtocol(corev1.ProtocolUDP)).
		WithReadinessProbe(adminProbe("/readyz").WithPeriodSeconds(ProbePeriodSeconds).WithFailureThreshold(ProbeFailures).
			WithTimeoutSeconds(1)).
		WithLivenessProbe(adminProbe("/healthz").WithPeriodSeconds(10).WithFailureThreshold(3).WithTimeoutSeconds(5)).
		WithTerminationMessagePolicy(corev1.TerminationMessageFallbackToLogsOnError).
		WithSecurityContext(corev1ac.SecurityContext().
			WithAllowPrivilegeEscalation(false).WithReadOnlyRootFilesystem(true).
			WithCapabilities(corev1ac.Capabilities().WithDrop("ALL"))).
		WithVolumeMounts(corev1ac.VolumeMount().WithName("mesh-key").WithMountPath(meshKeyFolder).WithReadOnly(true))
	if b.spec.ImagePullPolicy != "" {
		c.WithImagePullPolicy(corev1.PullPolicy(b.spec.ImagePullPolicy))
	}
	if b.hasKeyFiles() {
		c.WithVolumeMounts(corev1ac.VolumeMount().WithName("jwt-keys").WithMountPath(jwtKeyFolder).WithReadOnly(true))
	}
	if b.spec.Auth.APIKeysSecretRef != nil {
		c.WithVolumeMounts(corev1ac.VolumeMount().WithName("api-keys").WithMountPath(apiKeyFolder).WithReadOnly(true))
	}
	return c, nil
}

func adminProbe(path string) *corev1ac.ProbeApplyConfiguration {
	return corev1ac.Probe().WithHTTPGet(corev1ac.HTTPGetAction().WithPath(path).WithPort(intstr.FromString("admin")))
}

// environment is what a pod knows of itself, and how much memory Go may use.
func environment(resources *corev1.ResourceRequirements) []*corev1ac.EnvVarApplyConfiguration {
	env := []*corev1ac.EnvVarApplyConfiguration{
		fromField("STARLING_NODE_NAME", "metadata.name"),
		fromField("STARLING_MESH_ADVERTISE", "status.podIP"),
	}
	if memory, ok := resources.Limits[corev1.ResourceMemory]; ok {
		// A tenth is left for what Go does not count: the collector then works harder before the kernel kills.
		limit := int64(math.Floor(memory.AsApproximateFloat64() * 0.9))
		env = append(env, corev1ac.EnvVar().WithName("GOMEMLIMIT").WithValue(strconv.FormatInt(limit, 10)))
	}
	return env
}

// tracingEnvironment is what traces need besides flags: whose they are in Kubernetes' terms, and the headers, which are secret.
func (b *builder) tracingEnvironment() []*corev1ac.EnvVarApplyConfiguration {
	tracing := b.spec.Observability.Tracing
	if tracing == nil {
		return nil
	}
	// Kubernetes puts in the variables that come before.
	attributes := fmt.Sprintf("k8s.namespace.name=%s,k8s.deployment.name=%s,k8s.container.name=%s,k8s.pod.name=$(STARLING_NODE_NAME),"+
		"k8s.node.name=$(KUBERNETES_NODE_NAME)", b.cluster.Namespace, b.name(), gatewayContainer)
	env := []*corev1ac.EnvVarApplyConfiguration{
		fromField("KUBERNETES_NODE_NAME", "spec.nodeName"),
		corev1ac.EnvVar().WithName("OTEL_RESOURCE_ATTRIBUTES").WithValue(attributes),
	}
	if ref := tracing.HeadersSecretRef; ref != nil {
		env = append(env, corev1ac.EnvVar().WithName("OTEL_EXPORTER_OTLP_HEADERS").WithValueFrom(corev1ac.EnvVarSource().
			WithSecretKeyRef(corev1ac.SecretKeySelector().WithName(ref.Name).WithKey(ref.Key))))
	}
	return env
}

func fromField(name, path string) *corev1ac.EnvVarApplyConfiguration {
	return corev1ac.EnvVar().WithName(name).WithValueFrom(corev1ac.EnvVarSource().
		WithFieldRef(corev1ac.ObjectFieldSelector().WithAPIVersion("v1").WithFieldPath(path)))
}

func (b *builder) resources() *corev1.ResourceRequirements {
	if b.spec.Gateway.Resources != nil {
		return b.spec.Gateway.Resources
	}
	return &corev1.ResourceRequirements{
		Requests: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("256Mi"),
		},
		Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")},
	}
}
