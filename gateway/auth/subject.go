package auth

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Subject is who asks for permission. It does not change and is safe for concurrent use.
type Subject struct {
	member string
	// proved says that a token proved the member id.
	proved bool
	claims map[string]any
	grants []grant
	// limited says that the token has a channels claim, so that what it does not grant is forbidden.
	limited bool
}

// A grant is one entry of a token's channels claim.
type grant struct {
	pattern Pattern
	allow   Action
}

// AnonymousSubject is a client that only says who it is.
func AnonymousSubject(member string) *Subject { return &Subject{member: member} }

// newSubject reads the claims of a verified token. The error says what is wrong with its channels claim, and holds nothing of it.
func newSubject(member string, claims map[string]any) (*Subject, error) {
	s := &Subject{member: member, proved: true, claims: claims}
	channels, ok := claims["channels"]
	if !ok {
		return s, nil
	}
	s.limited = true
	var err error
	switch list := channels.(type) {
	case []any:
		err = s.grantAll(list)
	case map[string]any:
		err = s.grantEach(list)
	default:
		err = errGrants
	}
	if err == nil && len(s.grants) > maxGrants {
		err = fmt.Errorf("it has %d patterns: at most %d are right", len(s.grants), maxGrants)
	}
	delete(claims, "channels") // not needed any more, and maybe large
	return s, err
}

var errGrants = fmt.Errorf(`a list of patterns, or an object like {"room:*": ["join", "publish"]}, is right`)

func (s *Subject) grantAll(patterns []any) error {
	for _, p := range patterns {
		text, ok := p.(string)
		if !ok {
			return errGrants
		}
		if err := s.grant(text, AllActions); err != nil {
			return err
		}
	}
	return nil
}

func (s *Subject) grantEach(patterns map[string]any) error {
	for text, names := range patterns {
		list, ok := names.([]any)
		if !ok {
			return errGrants
		}
		var allow Action
		for _, name := range list {
			text, _ := name.(string)
			action, err := parseAction(text)
			if err != nil {
				return errGrants
			}
			allow |= action
		}
		if err := s.grant(text, allow); err != nil {
			return err
		}
	}
	return nil
}

func (s *Subject) grant(text string, allow Action) error {
	pattern, err := ParsePattern(text)
	if err == nil {
		s.grants = append(s.grants, grant{pattern, allow})
	}
	return err
}

// placeholder is the value of a claim in a pattern; "" when there is none that could be a part of a name.
func (s *Subject) placeholder(claim string) string {
	if claim == "sub" {
		return s.member
	}
	if !s.proved {
		return ""
	}
	text, _ := scalar(s.claims[claim])
	return text
}

// hasClaim says whether a claim is one of the values, or a list with one of them. A claim that begins with "/" is a path into nested
// claims, such as /realm_access/roles; "scope" is a list in one string.
func (s *Subject) hasClaim(claim string, values []string) bool {
	value := s.find(claim)
	if text, ok := value.(string); ok && claim == "scope" {
		return slices.ContainsFunc(strings.Fields(text), func(word string) bool { return slices.Contains(values, word) })
	}
	if list, ok := value.([]any); ok {
		return slices.ContainsFunc(list, func(v any) bool { text, ok := scalar(v); return ok && slices.Contains(values, text) })
	}
	text, ok := scalar(value)
	return ok && slices.Contains(values, text)
}

func (s *Subject) find(claim string) any {
	if !strings.HasPrefix(claim, "/") {
		return s.claims[claim]
	}
	var value any = s.claims
	for step := range strings.SplitSeq(claim[1:], "/") {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[strings.NewReplacer("~1", "/", "~0", "~").Replace(step)]
	}
	return value
}

// scalar returns a string, whole number or boolean as text.
func scalar(v any) (string, bool) {
	switch x := v.(type) {
	case string:
		return x, true
	case bool:
		return strconv.FormatBool(x), true
	case float64:
		if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
			return strconv.FormatInt(int64(x), 10), true
		}
	case json.Number:
		return x.String(), true
	}
	return "", false
}

// Permissions are what one subject may do. The zero value may do everything. They do not change and are safe for concurrent use.
type Permissions struct {
	who   *Subject
	rules []*rule // those that are for the subject
	// limited says that what is not allowed is forbidden.
	limited bool
}

// For returns what a subject may do under the rules, which may be nil, and by its own token.
func (r *Rules) For(who *Subject) Permissions {
	if who == nil {
		who = &Subject{}
	}
	p := Permissions{who: who, limited: r != nil || who.limited}
	if !p.limited {
		return Permissions{}
	}
	if r == nil {
		r = &Rules{}
	}
	for i := range r.list {
		if r.list[i].to.includes(who) {
			p.rules = append(p.rules, &r.list[i])
		}
	}
	p.who = who.onlyWith(p.claims())
	return p
}

// claims are the claims that the patterns use.
func (p *Permissions) claims() map[string]bool {
	used := make(map[string]bool)
	note := func(pattern *Pattern) {
		for _, section := range pattern.pieces {
			for _, x := range section {
				if x.claim != "" && x.claim != "sub" {
					used[x.claim] = true
				}
			}
		}
	}
	for i := range p.who.grants {
		note(&p.who.grants[i].pattern)
	}
	for _, r := range p.rules {
		for i := range r.patterns {
			note(&r.patterns[i])
		}
	}
	return used
}

// onlyWith returns the subject without the claims that nothing needs any more: it is kept as long as its connection.
func (s *Subject) onlyWith(claims map[string]bool) *Subject {
	kept := *s
	kept.claims = nil
	for claim := range claims {
		if text, ok := scalar(s.claims[claim]); ok {
			if kept.claims == nil {
				kept.claims = make(map[string]any, len(claims))
			}
			kept.claims[claim] = text
		}
	}
	return &kept
}

// Allow says whether every one of the actions is allowed in the channel. It allocates nothing.
func (p *Permissions) Allow(actions Action, channel string) bool {
	if !p.limited {
		return true
	}
	missing := actions
	for i := range p.who.grants {
		g := &p.who.grants[i]
		if missing&g.allow != 0 && g.pattern.Matches(channel, p.who) {
			missing &^= g.allow
		}
	}
	for _, r := range p.rules {
		if missing&r.allow == 0 {
			continue
		}
		if slices.ContainsFunc(r.patterns, func(pattern Pattern) bool { return pattern.Matches(channel, p.who) }) {
			missing &^= r.allow
		}
	}
	return missing == 0
}
