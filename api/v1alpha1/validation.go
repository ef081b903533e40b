package v1alpha1

import (
	"fmt"
	"regexp"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// MaxNameLength bounds metadata.name: the names of the cluster's Services add up to 18 characters to it and must stay DNS labels.
const MaxNameLength = 45

// The bounds repeat those of the schema's markers, which a test compares.
const (
	maxReplicas     = 100
	maxGraceSeconds = 3600
)

var clusterName = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,43}[a-z0-9])?$`)

// Validate reports everything in the name and the spec that the schema refuses, each error with its path and what would be
// right. Call [SetDefaults] first. The status is not looked at.
func Validate(c *RealtimeCluster) field.ErrorList {
	errs := validateName(c.Name, field.NewPath("metadata", "name"))
	return append(errs, validateSpec(&c.Spec, field.NewPath("spec"))...)
}

func validateName(name string, path *field.Path) field.ErrorList {
	if clusterName.MatchString(name) {
		return nil
	}
	want := fmt.Sprintf("must be 1 to %d characters of a-z, 0-9 and '-', start with a letter and not end with '-'", MaxNameLength)
	if name == "" {
		return field.ErrorList{field.Required(path, want)}
	}
	return field.ErrorList{field.Invalid(path, name, want)}
}

func validateSpec(s *RealtimeClusterSpec, path *field.Path) field.ErrorList {
	errs := within(s.Replicas, 0, maxReplicas, path.Child("replicas"))
	errs = append(errs, validateAutoscaling(s.Autoscaling, path.Child("autoscaling"))...)
	errs = append(errs, validateImage(s, path)...)
	errs = append(errs, validateCapacity(&s.Gateway.Capacity, path.Child("gateway", "capacity"))...)
	errs = append(errs, validateRateLimits(&s.Gateway.RateLimits, path.Child("gateway", "rateLimits"))...)
	errs = append(errs, validateProxies(s.Gateway.TrustedProxies, path.Child("gateway", "trustedProxies"))...)
	errs = append(errs, validatePods(&s.Gateway, path.Child("gateway"))...)
	errs = append(errs, oneOf(s.Gateway.LogLevel, path.Child("gateway", "logLevel"), LogDebug, LogInfo, LogWarn, LogError)...)

	presence := path.Child("presence")
	errs = append(errs, within(s.Presence.DisconnectGraceSeconds, 0, maxGraceSeconds, presence.Child("disconnectGraceSeconds"))...)
	errs = append(errs, within(s.Presence.NodeGraceSeconds, 0, maxGraceSeconds, presence.Child("nodeGraceSeconds"))...)
	errs = append(errs, within(s.Typing.TTLSeconds, 0, maxGraceSeconds, path.Child("typing", "ttlSeconds"))...)

	errs = append(errs, validateAuth(&s.Auth, path.Child("auth"))...)
	errs = append(errs, validateService(&s.Service, path.Child("service"))...)
	errs = append(errs, validateIngress(s.Ingress, path.Child("ingress"))...)
	errs = append(errs, validateHTTPRoute(s.HTTPRoute, path.Child("httpRoute"))...)
	errs = append(errs, validateMesh(&s.Mesh, path.Child("mesh"))...)
	errs = append(errs, validateNetworkPolicy(&s.NetworkPolicy, path.Child("networkPolicy"))...)
	errs = append(errs, validateObservability(&s.Observability, path.Child("observability"))...)
	errs = append(errs, validateLifecycle(s, path)...)
	errs = append(errs, validateActions(s, path)...)
	return append(errs, validateDrainFits(s, path)...)
}

// validateActions refuses a dashboard that changes something for whoever reaches it: a pod's loopback, which may look without a key, can
// be closer to others than it seems, through a proxy beside the gateway for example.
func validateActions(s *RealtimeClusterSpec, path *field.Path) field.ErrorList {
	if !s.Gateway.UIActions || s.Auth.APIKeysSecretRef != nil {
		return nil
	}
	return field.ErrorList{field.Required(path.Child("auth", "apiKeysSecretRef"),
		"spec.gateway.uiActions needs it: what the dashboard changes is for who has a key of the HTTP API")}
}

func validateCapacity(c *CapacitySpec, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, bound := range []struct {
		name     string
		value    *int32
		min, max int32
	}{
		{"connections", c.Connections, 1, 1_000_000},
		{"connectionsPerAddress", c.ConnectionsPerAddress, 1, 1_000_000},
		{"channels", c.Channels, 1, 10_000_000},
		{"channelsPerConnection", c.ChannelsPerConnection, 1, 100_000},
		{"presenceEntries", c.PresenceEntries, 1, 100_000_000},
		{"snapshotMembers", c.SnapshotMembers, 1, 1_000_000},
		{"joinsPerSecond", c.JoinsPerSecond, 1, 1_000_000},
		{"acceptPerSecond", c.AcceptPerSecond, 1, 1_000_000},
		{"messageBytes", c.MessageBytes, 1 << 10, 16 << 20},
		{"sendQueueBytes", c.SendQueueBytes, 1 << 10, 1 << 30},
		{"linkQueueBytes", c.LinkQueueBytes, 64 << 10, 1 << 30},
	} {
		errs = append(errs, within(bound.value, bound.min, bound.max, path.Child(bound.name))...)
	}
	return errs
}

// within refuses a value that is set and outside the bounds, which are both allowed.
func within(value *int32, lowest, highest int32, path *field.Path) field.ErrorList {
	if value == nil || *value >= lowest && *value <= highest {
		return nil
	}
	return field.ErrorList{field.Invalid(path, *value, fmt.Sprintf("must be %d to %d", lowest, highest))}
}
