package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/starling-realtime/starling/hub"
)

const (
	// maxPatternBytes bounds a pattern; no channel name is longer.
	maxPatternBytes = hub.MaxNameBytes
	// maxStars bounds the stars in a pattern.
	maxStars = 4
)

// A Pattern says which channels a rule is for: text that must be there as it is, "*" for any characters, none included, and "{sub}" or
// another claim's name in braces for that claim's value. Matching takes time in proportion to the name's length.
type Pattern struct {
	text string
	// pieces are between the stars: one more than there are stars.
	pieces []piece
}

// A piece is text and placeholders in a row.
type piece []part

// A part is text, or a placeholder for a claim.
type part struct {
	text  string
	claim string
}

// ParsePattern reads a pattern. The error says what is wrong and what would be right.
func ParsePattern(text string) (Pattern, error) {
	switch {
	case text == "":
		return Pattern{}, errors.New("the pattern is empty: a channel's name is right, with * for any characters and {sub} for the member id")
	case len(text) > maxPatternBytes:
		return Pattern{}, fmt.Errorf("the pattern has %d bytes: at most %d are right", len(text), maxPatternBytes)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, isControl):
		return Pattern{}, errors.New("the pattern has control characters or is not UTF-8: no channel's name has or is")
	case strings.Contains(text, "**"):
		return Pattern{}, errors.New("the pattern has two stars in a row: one matches any characters")
	}
	p := Pattern{text: text}
	for section := range strings.SplitSeq(text, "*") {
		parts, err := parsePiece(section)
		if err != nil {
			return Pattern{}, err
		}
		p.pieces = append(p.pieces, parts)
	}
	if stars := len(p.pieces) - 1; stars > maxStars {
		return Pattern{}, fmt.Errorf("the pattern has %d stars: at most %d are right", stars, maxStars)
	}
	return p, nil
}

func isControl(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }

func parsePiece(section string) (piece, error) {
	var parts piece
	for section != "" {
		text, rest, open := strings.Cut(section, "{")
		if strings.Contains(text, "}") {
			return nil, errors.New("the pattern has a } without a {: braces are for claims, such as {sub}")
		}
		if text != "" {
			parts = append(parts, part{text: text})
		}
		if !open {
			return parts, nil
		}
		claim, after, closed := strings.Cut(rest, "}")
		if !closed || !isClaimName(claim) {
			return nil, errors.New("the pattern has a { that does not begin a claim's name in braces: {sub} is right, with letters, digits, _ and -")
		}
		parts = append(parts, part{claim: claim})
		section = after
	}
	return parts, nil
}

func isClaimName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
}

// String returns the pattern as it was written.
func (p Pattern) String() string { return p.text }

// Matches says whether a channel's name fits. A placeholder whose claim has no value, or an empty one, fits nothing.
func (p Pattern) Matches(channel string, who *Subject) bool {
	if len(p.pieces) == 0 {
		return false
	}
	first, last := p.pieces[0], len(p.pieces)-1
	rest, ok := first.prefix(channel, who)
	if !ok {
		return false
	}
	if last == 0 {
		return rest == ""
	}
	// Each piece but the last is taken as early as possible, which leaves the most for the others: no choice is ever taken back.
	for _, middle := range p.pieces[1:last] {
		if rest, ok = middle.find(rest, who); !ok {
			return false
		}
	}
	return p.pieces[last].ends(rest, who)
}

// value is what a part stands for; "" when it stands for nothing.
func (x part) value(who *Subject) string {
	if x.claim == "" {
		return x.text
	}
	return who.placeholder(x.claim)
}

// prefix takes the piece off the beginning of s.
func (p piece) prefix(s string, who *Subject) (rest string, ok bool) {
	for _, x := range p {
		v := x.value(who)
		if v == "" || !strings.HasPrefix(s, v) {
			return "", false
		}
		s = s[len(v):]
	}
	return s, true
}

// ends says whether s ends with the piece.
func (p piece) ends(s string, who *Subject) bool {
	for _, x := range slices.Backward(p) {
		v := x.value(who)
		if v == "" || !strings.HasSuffix(s, v) {
			return false
		}
		s = s[:len(s)-len(v)]
	}
	return true
}

// find returns what is behind the first place where the piece is.
func (p piece) find(s string, who *Subject) (rest string, ok bool) {
	if len(p) == 0 {
		return s, true
	}
	first := p[0].value(who)
	if first == "" {
		return "", false
	}
	for from := 0; ; {
		at := strings.Index(s[from:], first)
		if at < 0 {
			return "", false
		}
		from += at
		if rest, ok := p.prefix(s[from:], who); ok {
			return rest, true
		}
		from++
	}
}
