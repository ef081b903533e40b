package v1alpha1

import (
	"fmt"
	"regexp"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

const (
	maxAllowedOrigins = 64
	maxOriginLength   = 300
	maxJWTKeys        = 8
	maxKeyNameLength  = 63
	maxSecretLength   = 253
	maxURLLength      = 2048
	maxIssuerLength   = 512
	maxAudiences      = 16
	maxLeewaySeconds  = 300
	wantClaim         = "must begin with a letter or digit and have no commas, spaces or quotes"
)

var (
	originPattern    = regexp.MustCompile(`^(\*|https?://(\*\.)?([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:[0-9]{1,5})?)$`)
	keyNamePattern   = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	secretPattern    = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	jwksPattern      = regexp.MustCompile(`^https://[^/?#@\s,]+(/[^\s#,]*)?$`)
	claimPattern     = regexp.MustCompile(`^[a-zA-Z0-9][^\s,"]*$`)
	secretKeyPattern = regexp.MustCompile(`^[-._a-zA-Z0-9]+$`)
)

func validateAuth(a *AuthSpec, path *field.Path) field.ErrorList {
	errs := validateOrigins(a.AllowedOrigins, path.Child("allowedOrigins"))
	switch a.Type {
	case AuthJWT:
		if a.JWT == nil {
			return append(errs, field.Required(path.Child("jwt"), "must be set when type is JWT"))
		}
	case AuthAnonymous:
		if a.JWT != nil {
			errs = append(errs, field.Forbidden(path.Child("jwt"), "may only be set when type is JWT"))
		}
	case "":
		errs = append(errs, field.Required(path.Child("type"), "must be Anonymous or JWT"))
	default:
		errs = append(errs, field.NotSupported(path.Child("type"), a.Type, []AuthType{AuthAnonymous, AuthJWT}))
	}
	errs = append(errs, validateRules(a.Rules, path.Child("rules"))...)
	if a.APIKeysSecretRef != nil {
		errs = append(errs, validateSecretKey(a.APIKeysSecretRef, path.Child("apiKeysSecretRef"))...)
	}
	if a.JWT != nil {
		errs = append(errs, validateJWT(a.JWT, path.Child("jwt"))...)
	}
	return errs
}

func validateOrigins(origins []Origin, path *field.Path) field.ErrorList {
	if len(origins) > maxAllowedOrigins {
		return field.ErrorList{field.TooMany(path, len(origins), maxAllowedOrigins)}
	}
	var errs field.ErrorList
	seen := make(map[Origin]bool, len(origins))
	for i, origin := range origins {
		errs = append(errs, matches(string(origin), originPattern, maxOriginLength,
			"must be http:// or https:// and a host, maybe with a port, in lower case and with no path, "+
				"such as https://app.example.com, or *", path.Index(i))...)
		if seen[origin] {
			errs = append(errs, field.Duplicate(path.Index(i), origin))
		}
		seen[origin] = true
	}
	return errs
}

func validateJWT(j *JWTSpec, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(j.Keys) == 0 && j.JWKSURL == "" {
		errs = append(errs, field.Required(path.Child("keys"), "must have at least one key, unless jwksURL is set"))
	}
	errs = append(errs, validateKeys(j.Keys, path.Child("keys"))...)
	errs = append(errs, optional(j.JWKSURL, jwksPattern, maxURLLength,
		"must be https://HOST/PATH without user, password, fragment or commas", path.Child("jwksURL"))...)
	errs = append(errs, optional(j.Issuer, claimPattern, maxIssuerLength, wantClaim, path.Child("issuer"))...)
	errs = append(errs, within(j.LeewaySeconds, 0, maxLeewaySeconds, path.Child("leewaySeconds"))...)
	return append(errs, validateAudiences(j.Audiences, path.Child("audiences"))...)
}

func validateAudiences(audiences []Audience, path *field.Path) field.ErrorList {
	if len(audiences) > maxAudiences {
		return field.ErrorList{field.TooMany(path, len(audiences), maxAudiences)}
	}
	var errs field.ErrorList
	seen := make(map[Audience]bool, len(audiences))
	for i, audience := range audiences {
		errs = append(errs, matches(string(audience), claimPattern, maxIssuerLength, wantClaim, path.Index(i))...)
		if seen[audience] {
			errs = append(errs, field.Duplicate(path.Index(i), audience))
		}
		seen[audience] = true
	}
	return errs
}

func validateKeys(keys []JWTKey, path *field.Path) field.ErrorList {
	if len(keys) > maxJWTKeys {
		return field.ErrorList{field.TooMany(path, len(keys), maxJWTKeys)}
	}
	var errs field.ErrorList
	seen := make(map[string]bool, len(keys))
	for i, key := range keys {
		at := path.Index(i)
		errs = append(errs, matches(key.Name, keyNamePattern, maxKeyNameLength,
			"must be of a-z, 0-9 and '-', and start and end with a letter or digit", at.Child("name"))...)
		if seen[key.Name] {
			errs = append(errs, field.Duplicate(at.Child("name"), key.Name))
		}
		seen[key.Name] = true
		if key.Algorithm != "" {
			errs = append(errs, oneOf(key.Algorithm, at.Child("algorithm"),
				AlgorithmHS256, AlgorithmHS384, AlgorithmHS512, AlgorithmRS256, AlgorithmES256, AlgorithmEdDSA)...)
		}
		errs = append(errs, validateSecretKey(&key.SecretRef, at.Child("secretRef"))...)
	}
	return errs
}

// matches refuses a string that is empty, has over limit characters or does not match the pattern; want says what would be right.
func matches(s string, pattern *regexp.Regexp, limit int, want string, path *field.Path) field.ErrorList {
	switch {
	case s == "":
		return field.ErrorList{field.Required(path, want)}
	case utf8.RuneCountInString(s) > limit:
		return field.ErrorList{field.TooLong(path, s, limit)}
	case !pattern.MatchString(s):
		return field.ErrorList{field.Invalid(path, s, fmt.Sprintf("%s, at most %d characters", want, limit))}
	}
	return nil
}
