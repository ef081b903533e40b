package v1alpha1

import (
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

const (
	maxHostLength   = 253
	maxParents      = 8
	maxHostnames    = 16
	wantHost        = "must be a DNS name in lower case, such as chat.example.com or *.example.com"
	wantDNSName     = "must be of a-z, 0-9, '-' and '.', and begin and end with a letter or digit"
	wantLBClass     = "must be of letters, digits, '-', '_', '.' and '/', such as example.com/class"
	needsExternal   = "needs type NodePort or LoadBalancer"
	needsLB         = "needs type LoadBalancer"
	maxClassLength  = 253
	maxPort         = 65535
	maxNamespaceLen = 63
)

var (
	hostPattern    = regexp.MustCompile(`^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	lbClassPattern = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?$`)
)

func validateService(s *ServiceSpec, path *field.Path) field.ErrorList {
	errs := oneOf(s.Type, path.Child("type"), ServiceClusterIP, ServiceNodePort, ServiceLoadBalancer)
	errs = append(errs, within(s.Port, 1, maxPort, path.Child("port"))...)
	errs = append(errs, within(s.NodePort, 1, maxPort, path.Child("nodePort"))...)
	errs = append(errs, validateAnnotations(s.Annotations, path.Child("annotations"))...)
	errs = append(errs, oneOf(s.ExternalTrafficPolicy, path.Child("externalTrafficPolicy"), TrafficCluster, TrafficLocal)...)
	errs = append(errs, optional(s.LoadBalancerClass, lbClassPattern, maxClassLength, wantLBClass, path.Child("loadBalancerClass"))...)
	errs = append(errs, oneOf(s.SessionAffinity, path.Child("sessionAffinity"), AffinityNone, AffinityClientIP)...)
	if s.Type == ServiceClusterIP && s.ExternalTrafficPolicy != "" {
		errs = append(errs, field.Forbidden(path.Child("externalTrafficPolicy"), needsExternal))
	}
	if s.Type == ServiceClusterIP && s.NodePort != nil {
		errs = append(errs, field.Forbidden(path.Child("nodePort"), needsExternal))
	}
	if s.Type != ServiceLoadBalancer && s.LoadBalancerClass != "" {
		errs = append(errs, field.Forbidden(path.Child("loadBalancerClass"), needsLB))
	}
	return errs
}

func validateIngress(i *IngressSpec, path *field.Path) field.ErrorList {
	if i == nil {
		return nil
	}
	errs := matches(string(i.Host), hostPattern, maxHostLength, wantHost, path.Child("host"))
	errs = append(errs, optional(i.IngressClassName, secretPattern, maxClassLength, wantDNSName, path.Child("ingressClassName"))...)
	errs = append(errs, validateAnnotations(i.Annotations, path.Child("annotations"))...)
	if i.TLS != nil {
		errs = append(errs, matches(i.TLS.SecretName, secretPattern, maxSecretLength, wantSecret, path.Child("tls", "secretName"))...)
	}
	return errs
}

func validateHTTPRoute(r *HTTPRouteSpec, path *field.Path) field.ErrorList {
	if r == nil {
		return nil
	}
	errs := validateParents(r.ParentRefs, path.Child("parentRefs"))
	at := path.Child("hostnames")
	if len(r.Hostnames) > maxHostnames {
		return append(errs, field.TooMany(at, len(r.Hostnames), maxHostnames))
	}
	for i, host := range r.Hostnames {
		errs = append(errs, matches(string(host), hostPattern, maxHostLength, wantHost, at.Index(i))...)
		if slices.Contains(r.Hostnames[:i], host) {
			errs = append(errs, field.Duplicate(at.Index(i), host))
		}
	}
	return errs
}

func validateParents(parents []ParentReference, path *field.Path) field.ErrorList {
	switch {
	case len(parents) == 0:
		return field.ErrorList{field.Required(path, "must name at least one Gateway")}
	case len(parents) > maxParents:
		return field.ErrorList{field.TooMany(path, len(parents), maxParents)}
	}
	var errs field.ErrorList
	for i, parent := range parents {
		at := path.Index(i)
		errs = append(errs, matches(parent.Name, secretPattern, maxHostLength, wantDNSName, at.Child("name"))...)
		errs = append(errs, optional(parent.Namespace, keyNamePattern, maxNamespaceLen,
			"must be the name of a namespace: of a-z, 0-9 and '-'", at.Child("namespace"))...)
		errs = append(errs, optional(parent.SectionName, secretPattern, maxHostLength, wantDNSName, at.Child("sectionName"))...)
	}
	return errs
}
