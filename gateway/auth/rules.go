package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Bounds of rules.
const (
	maxRules           = 32
	maxPatternsPerRule = 16
	maxValues          = 16
	maxGrants          = 64
)

// An Action is what a member may do in a channel. Actions are bits, so that several can be tested together.
type Action uint8

// The actions, named on the wire as the requests that they allow.
const (
	// Join allows to be in a channel and to get its events.
	Join Action = 1 << iota
	// Publish allows to send events.
	Publish
	// Presence allows to see who is there and who types.
	Presence
	// Typing allows to show that one types.
	Typing

	// AllActions is every action.
	AllActions = Join | Publish | Presence | Typing
)

func parseAction(name string) (Action, error) {
	switch name {
	case "join":
		return Join, nil
	case "publish":
		return Publish, nil
	case "presence":
		return Presence, nil
	case "typing":
		return Typing, nil
	}
	return 0, fmt.Errorf(`%.40q is no action: "join", "publish", "presence" and "typing" are`, name)
}

// String returns the name of a single action.
func (a Action) String() string {
	switch a {
	case Join:
		return "join"
	case Publish:
		return "publish"
	case Presence:
		return "presence"
	case Typing:
		return "typing"
	}
	return "several actions"
}

// Rules say what is allowed where, to whom. Nil allows everything; as soon as there are rules, even none in the list, what no rule
// allows is forbidden. They do not change and are safe for concurrent use.
type Rules struct{ list []rule }

type rule struct {
	patterns []Pattern
	allow    Action
	to       audience
}

// An audience is whom a rule is for.
type audience struct {
	kind   string
	claim  string
	values []string
}

// Kinds of audiences.
const (
	toEveryone = "Everyone"
	toMember   = "Member"
	toClaim    = "Claim"
)

// ruleJSON is a rule as it is written.
type ruleJSON struct {
	Channels []string `json:"channels"`
	Allow    []string `json:"allow"`
	To       *struct {
		Type   string   `json:"type"`
		Claim  string   `json:"claim"`
		Values []string `json:"values"`
	} `json:"to"`
}

// ParseRules reads a JSON list of rules. Errors begin with the path of what is wrong, such as rules[0].channels[1].
func ParseRules(text []byte) (*Rules, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var list []ruleJSON
	if err := decoder.Decode(&list); err != nil {
		return nil, fmt.Errorf(`rules: want a JSON list like [{"channels": ["public-*"], "allow": ["join"]}]: %w`, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("rules: something follows the list")
	}
	if len(list) > maxRules {
		return nil, fmt.Errorf("rules: has %d rules, at most %d are right", len(list), maxRules)
	}
	r := &Rules{list: make([]rule, 0, len(list))}
	var errs []error
	for i, written := range list {
		parsed, err := parseRule(written, fmt.Sprintf("rules[%d]", i))
		errs = append(errs, err)
		r.list = append(r.list, parsed)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return r, nil
}

func parseRule(written ruleJSON, path string) (rule, error) {
	var r rule
	var errs []error
	if n := len(written.Channels); n == 0 || n > maxPatternsPerRule {
		errs = append(errs, fmt.Errorf("%s.channels: has %d patterns, 1 to %d are right", path, n, maxPatternsPerRule))
	}
	for i, text := range written.Channels {
		pattern, err := ParsePattern(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s.channels[%d]: %w", path, i, err))
		}
		r.patterns = append(r.patterns, pattern)
	}
	if len(written.Allow) == 0 {
		errs = append(errs, fmt.Errorf("%s.allow: is empty, at least one action is right", path))
	}
	for i, name := range written.Allow {
		action, err := parseAction(name)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s.allow[%d]: %w", path, i, err))
		}
		r.allow |= action
	}
	r.to.kind = toEveryone
	if written.To != nil {
		r.to = audience{written.To.Type, written.To.Claim, written.To.Values}
	}
	errs = append(errs, r.to.check(path+".to"))
	return r, errors.Join(errs...)
}

func (a audience) check(path string) error {
	switch {
	case !slices.Contains([]string{toEveryone, toMember, toClaim}, a.kind):
		return fmt.Errorf(`%s.type: is %.40q, "Everyone", "Member" and "Claim" are right`, path, a.kind)
	case a.kind == toClaim && (a.claim == "" || len(a.values) == 0 || len(a.values) > maxValues):
		return fmt.Errorf(`%s: needs claim, and 1 to %d values, with type "Claim"`, path, maxValues)
	case a.kind == toClaim && slices.Contains(a.values, ""):
		return fmt.Errorf("%s.values: has an empty value, which no claim matches", path)
	case a.kind != toClaim && (a.claim != "" || len(a.values) > 0):
		return fmt.Errorf(`%s: claim and values need type "Claim"`, path)
	}
	return nil
}

func (a audience) includes(who *Subject) bool {
	switch a.kind {
	case toMember:
		return who.proved
	case toClaim:
		return who.proved && who.hasClaim(a.claim, a.values)
	}
	return true
}
