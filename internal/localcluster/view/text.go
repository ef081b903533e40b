package view

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean replaces control characters: what a client sends may be in a log, and must not steer the terminal.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && unicode.IsControl(r) {
			return '\uFFFD'
		}
		return r
	}, text)
}

// cut shortens a text to a number of columns, counting one a rune.
func cut(text string, columns int) string {
	if utf8.RuneCountInString(text) <= columns {
		return text
	}
	runes := []rune(text)
	if columns < 2 {
		return string(runes[:max(columns, 0)])
	}
	return string(runes[:columns-1]) + "…"
}

// pad fills a text with spaces to a number of columns, before it if it is a number.
func pad(text string, columns int, right bool) string {
	space := strings.Repeat(" ", max(columns-utf8.RuneCountInString(text), 0))
	if right {
		return space + text
	}
	return text + space
}
