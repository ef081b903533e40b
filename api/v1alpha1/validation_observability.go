package v1alpha1

import (
	"regexp"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

const (
	maxRatioLength  = 10
	maxObservedRate = 1_000_000
)

var (
	endpointPattern = regexp.MustCompile(`^https?://([a-zA-Z0-9.-]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?(/[^?#%\s]*)?$`)
	ratioPattern    = regexp.MustCompile(`^(0(\.[0-9]+)?|1(\.0+)?)$`) //nolint:gocritic // spelled as in the schema
)

func validateObservability(o *ObservabilitySpec, path *field.Path) field.ErrorList {
	errs := within(o.LogLinesPerSecond, 0, maxObservedRate, path.Child("logLinesPerSecond"))
	t := o.Tracing
	if t == nil {
		return errs
	}
	path = path.Child("tracing")
	endpoint := path.Child("endpoint")
	if t.Endpoint == "" {
		errs = append(errs, field.Required(endpoint, "must be the receiver's address, such as http://tempo.observability:4318"))
	}
	errs = append(errs, optional(t.Endpoint, endpointPattern, maxURLLength,
		"must be http:// or https:// and a host, without user, password, query or fragment: secrets go into headersSecretRef", endpoint)...)
	errs = append(errs, optional(t.SampleRatio, ratioPattern, maxRatioLength,
		`must be a decimal from "0" to "1", such as "0.01"`, path.Child("sampleRatio"))...)
	errs = append(errs, within(t.MaxPerSecond, 1, maxObservedRate, path.Child("maxPerSecond"))...)
	if t.HeadersSecretRef != nil {
		errs = append(errs, validateSecretKey(t.HeadersSecretRef, path.Child("headersSecretRef"))...)
	}
	return errs
}
