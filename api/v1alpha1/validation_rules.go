package v1alpha1

import (
	"regexp"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

const (
	maxRules         = 32
	maxRuleChannels  = 16
	maxRuleActions   = 4
	maxRuleValues    = 16
	maxPatternLength = 200
	maxClaimLength   = 200
	maxValueLength   = 128
	wantPattern      = "must be text with * for any characters (four at most, not two in a row) and {claim} for a claim's value"
	wantPlain        = "must begin with a letter or digit and have no control characters"
)

var (
	channelPattern = regexp.MustCompile(
		`^\*?([^*{}\x00-\x1f\x7f]|\{[A-Za-z0-9_-]+\})*(\*([^*{}\x00-\x1f\x7f]|\{[A-Za-z0-9_-]+\})+){0,3}\*?$`)
	claimName  = regexp.MustCompile(`^[A-Za-z0-9/][^\x00-\x1f\x7f]*$`)
	claimValue = regexp.MustCompile(`^[A-Za-z0-9][^\x00-\x1f\x7f]*$`)
)

func validateRules(rules []ChannelRule, path *field.Path) field.ErrorList {
	if len(rules) > maxRules {
		return field.ErrorList{field.TooMany(path, len(rules), maxRules)}
	}
	var errs field.ErrorList
	for i := range rules {
		rule, at := &rules[i], path.Index(i)
		errs = append(errs, validateList(rule.Channels, maxRuleChannels, true, at.Child("channels"), validatePattern)...)
		errs = append(errs, validateList(rule.Allow, maxRuleActions, true, at.Child("allow"), validateAction)...)
		errs = append(errs, validateAudience(rule.To, at.Child("to"))...)
	}
	return errs
}

func validatePattern(p ChannelPattern, path *field.Path) field.ErrorList {
	return matches(string(p), channelPattern, maxPatternLength, wantPattern, path)
}

func validateAction(a ChannelAction, path *field.Path) field.ErrorList {
	return oneOf(a, path, "join", "publish", "presence", "typing")
}

func validateValue(v ClaimValue, path *field.Path) field.ErrorList {
	return matches(string(v), claimValue, maxValueLength, wantPlain, path)
}

func validateAudience(to *RuleAudience, path *field.Path) field.ErrorList {
	if to == nil {
		return nil
	}
	if to.Type == "" {
		return field.ErrorList{field.Required(path.Child("type"), "must be Everyone, Member or Claim")}
	}
	errs := oneOf(to.Type, path.Child("type"), AudienceEveryone, AudienceMember, AudienceClaim)
	isClaim := to.Type == AudienceClaim
	if isClaim != (to.Claim != "") {
		errs = append(errs, field.Invalid(path.Child("claim"), to.Claim, "must be set when type is Claim, and only then"))
	}
	if isClaim != (len(to.Values) > 0) {
		errs = append(errs, field.Invalid(path.Child("values"), len(to.Values), "must be set when type is Claim, and only then"))
	}
	errs = append(errs, optional(to.Claim, claimName, maxClaimLength, wantPlain, path.Child("claim"))...)
	return append(errs, validateList(to.Values, maxRuleValues, false, path.Child("values"), validateValue)...)
}

// validateList checks each entry of a list without repeats.
func validateList[T ~string](
	list []T, most int, required bool, path *field.Path, check func(T, *field.Path) field.ErrorList,
) field.ErrorList {
	switch {
	case len(list) > most:
		return field.ErrorList{field.TooMany(path, len(list), most)}
	case len(list) == 0 && required:
		return field.ErrorList{field.Required(path, "must have at least one entry")}
	}
	var errs field.ErrorList
	seen := make(map[T]bool, len(list))
	for i, entry := range list {
		errs = append(errs, check(entry, path.Index(i))...)
		if entry == "" {
			errs = append(errs, field.Required(path.Index(i), "must not be empty"))
		}
		if seen[entry] {
			errs = append(errs, field.Duplicate(path.Index(i), entry))
		}
		seen[entry] = true
	}
	return errs
}
