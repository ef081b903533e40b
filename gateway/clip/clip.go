// Package clip shortens texts for logs, errors and people.
package clip

import "unicode/utf8"

// Text returns s, or of a longer one than most bytes what fits of it in whole characters, and "…".
func Text(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}
