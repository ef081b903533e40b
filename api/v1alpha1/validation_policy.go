package v1alpha1

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

const (
	maxImageLength      = 512
	maxPullSecrets      = 8
	maxMapEntries       = 32
	maxSelectorLabels   = 16
	maxLabelLength      = 63
	maxAnnotationLength = 4096
	maxTolerations      = 32
	maxSpread           = 8
	maxMonitoringFrom   = 8

	wantSecret    = "must be the name of a Secret: of a-z, 0-9, '-' and '.'"
	wantSecretKey = "must be a key of a Secret's data: of letters, digits, '-', '_' and '.'"
)

var (
	imagePattern = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._:/@-]*$`)
	labelPattern = regexp.MustCompile(`^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$`)
)

func validateImage(s *RealtimeClusterSpec, path *field.Path) field.ErrorList {
	errs := oneOf(s.ReconcilePolicy, path.Child("reconcilePolicy"), ReconcileActive, ReconcilePaused)
	errs = append(errs, optional(s.Image, imagePattern, maxImageLength,
		"must be an image such as registry.example.com/starling:v1.2.3", path.Child("image"))...)
	errs = append(errs, oneOf(s.ImagePullPolicy, path.Child("imagePullPolicy"), PullAlways, PullIfNotPresent, PullNever)...)

	at := path.Child("imagePullSecrets")
	if len(s.ImagePullSecrets) > maxPullSecrets {
		return append(errs, field.TooMany(at, len(s.ImagePullSecrets), maxPullSecrets))
	}
	for i, secret := range s.ImagePullSecrets {
		errs = append(errs, matches(secret.Name, secretPattern, maxSecretLength, wantSecret, at.Index(i).Child("name"))...)
		if slices.Contains(s.ImagePullSecrets[:i], secret) {
			errs = append(errs, field.Duplicate(at.Index(i).Child("name"), secret.Name))
		}
	}
	return errs
}

func validatePods(g *GatewaySpec, path *field.Path) field.ErrorList {
	errs := validateLabels(g.PodLabels, maxMapEntries, path.Child("podLabels"))
	errs = append(errs, reserved(g.PodLabels, path.Child("podLabels"), "app.kubernetes.io/", "realtime.starling.dev/")...)
	errs = append(errs, validateAnnotations(g.PodAnnotations, path.Child("podAnnotations"))...)
	errs = append(errs, reserved(g.PodAnnotations, path.Child("podAnnotations"), "realtime.starling.dev/")...)
	errs = append(errs, validateLabels(g.NodeSelector, maxMapEntries, path.Child("nodeSelector"))...)
	if n := len(g.Tolerations); n > maxTolerations {
		errs = append(errs, field.TooMany(path.Child("tolerations"), n, maxTolerations))
	}
	if n := len(g.TopologySpreadConstraints); n > maxSpread {
		errs = append(errs, field.TooMany(path.Child("topologySpreadConstraints"), n, maxSpread))
	}
	return append(errs, optional(g.PriorityClassName, secretPattern, maxSecretLength,
		"must be the name of a PriorityClass: of a-z, 0-9, '-' and '.'", path.Child("priorityClassName"))...)
}

func validateMesh(m *MeshSpec, path *field.Path) field.ErrorList {
	if m.KeySecretRef == nil {
		return nil
	}
	return validateSecretKey(m.KeySecretRef, path.Child("keySecretRef"))
}

func validateSecretKey(ref *SecretKeyReference, path *field.Path) field.ErrorList {
	errs := matches(ref.Name, secretPattern, maxSecretLength, wantSecret, path.Child("name"))
	return append(errs, matches(ref.Key, secretKeyPattern, maxSecretLength, wantSecretKey, path.Child("key"))...)
}

func validateNetworkPolicy(n *NetworkPolicySpec, path *field.Path) field.ErrorList {
	errs := oneOf(n.Mode, path.Child("mode"), NetworkPolicyManaged, NetworkPolicyNone)
	from := path.Child("monitoringFrom")
	if len(n.MonitoringFrom) > maxMonitoringFrom {
		return append(errs, field.TooMany(from, len(n.MonitoringFrom), maxMonitoringFrom))
	}
	for i, peer := range n.MonitoringFrom {
		if peer.NamespaceSelector == nil && peer.PodSelector == nil {
			errs = append(errs, field.Required(from.Index(i), "set namespaceSelector, podSelector or both: neither would mean nobody"))
		}
		errs = append(errs, validateSelector(peer.NamespaceSelector, from.Index(i).Child("namespaceSelector"))...)
		errs = append(errs, validateSelector(peer.PodSelector, from.Index(i).Child("podSelector"))...)
	}
	return errs
}

func validateSelector(s *LabelsSelector, path *field.Path) field.ErrorList {
	if s == nil {
		return nil
	}
	return validateLabels(s.MatchLabels, maxSelectorLabels, path.Child("matchLabels"))
}

func validateLabels(labels map[string]LabelValue, limit int, path *field.Path) field.ErrorList {
	if len(labels) > limit {
		return field.ErrorList{field.TooMany(path, len(labels), limit)}
	}
	var errs field.ErrorList
	for key, value := range labels {
		if len(value) > maxLabelLength || !labelPattern.MatchString(string(value)) {
			errs = append(errs, field.Invalid(path.Key(key), value, fmt.Sprintf("must be up to %d letters, digits, "+
				"'-', '_' and '.', and begin and end with a letter or digit", maxLabelLength)))
		}
	}
	return errs
}

func validateAnnotations(annotations map[string]AnnotationValue, path *field.Path) field.ErrorList {
	if len(annotations) > maxMapEntries {
		return field.ErrorList{field.TooMany(path, len(annotations), maxMapEntries)}
	}
	var errs field.ErrorList
	for key, value := range annotations {
		if utf8.RuneCountInString(string(value)) > maxAnnotationLength {
			errs = append(errs, field.TooLong(path.Key(key), value, maxAnnotationLength))
		}
	}
	return errs
}

// reserved refuses keys that the operator uses itself.
func reserved[V any](values map[string]V, path *field.Path, prefixes ...string) field.ErrorList {
	var errs field.ErrorList
	for key := range values {
		for _, prefix := range prefixes {
			if strings.HasPrefix(key, prefix) {
				errs = append(errs, field.Forbidden(path.Key(key), prefix+" is the operator's: choose another prefix"))
			}
		}
	}
	return errs
}

// oneOf refuses a value that is set and none of the right ones.
func oneOf[T ~string](value T, path *field.Path, right ...T) field.ErrorList {
	if value == "" || slices.Contains(right, value) {
		return nil
	}
	return field.ErrorList{field.NotSupported(path, value, right)}
}

// optional is [matches] for a string that may be left out.
func optional(s string, pattern *regexp.Regexp, limit int, want string, path *field.Path) field.ErrorList {
	if s == "" {
		return nil
	}
	return matches(s, pattern, limit, want, path)
}
