package v1alpha1

import (
	"net/netip"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

const (
	maxRate           = 1_000_000
	maxTrustedProxies = 32
)

func validateRateLimits(r *RateLimitsSpec, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if c := r.PerConnection; c != nil {
		at := path.Child("perConnection")
		if c.MessagesPerSecond == nil && c.MessageBurst == nil && c.JoinsPerSecond == nil {
			errs = append(errs, field.Required(at, "set messagesPerSecond or joinsPerSecond, or leave perConnection out"))
		}
		errs = append(errs, within(c.MessagesPerSecond, 1, maxRate, at.Child("messagesPerSecond"))...)
		errs = append(errs, within(c.MessageBurst, 1, maxRate, at.Child("messageBurst"))...)
		errs = append(errs, within(c.JoinsPerSecond, 1, maxRate, at.Child("joinsPerSecond"))...)
		if c.MessageBurst != nil && c.MessagesPerSecond == nil {
			errs = append(errs, field.Forbidden(at.Child("messageBurst"), "needs messagesPerSecond: without it there is no bound"))
		}
	}
	if m := r.PerMember; m != nil {
		errs = append(errs, validateRate(m.MessagesPerSecond, m.MessageBurst, "message", path.Child("perMember"))...)
	}
	if m := r.PerChannel; m != nil {
		errs = append(errs, validateRate(m.MessagesPerSecond, m.MessageBurst, "message", path.Child("perChannel"))...)
	}
	if a := r.PerAddress; a != nil {
		errs = append(errs, validateRate(a.ConnectionsPerSecond, a.ConnectionBurst, "connection", path.Child("perAddress"))...)
	}
	if k := r.PerAPIKey; k != nil {
		errs = append(errs, needed(k.RequestsPerSecond, 1, maxRate, path.Child("perAPIKey", "requestsPerSecond"))...)
	}
	return errs
}

// validateRate checks a rate that must be there and its burst.
func validateRate(perSecond, burst *int32, of string, path *field.Path) field.ErrorList {
	name := of + "sPerSecond"
	if perSecond == nil {
		return field.ErrorList{field.Required(path.Child(name), "must be 1 to 1000000")}
	}
	errs := within(perSecond, 1, maxRate, path.Child(name))
	return append(errs, within(burst, 1, maxRate, path.Child(of+"Burst"))...)
}

func validateProxies(list []CIDR, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(list) > maxTrustedProxies {
		errs = append(errs, field.TooMany(path, len(list), maxTrustedProxies))
	}
	seen := map[CIDR]bool{}
	for i, text := range list {
		if seen[text] {
			errs = append(errs, field.Duplicate(path.Index(i), text))
		}
		seen[text] = true
		if prefix, err := netip.ParsePrefix(string(text)); err != nil || prefix.Addr().Is4In6() {
			errs = append(errs, field.Invalid(path.Index(i), text, "must be a network such as 10.0.0.0/8 or fd00::/8"))
		}
	}
	return errs
}
