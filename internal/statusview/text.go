package statusview

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/starling-realtime/starling/gateway/overview"
)

func ready(g *overview.Gateway) string {
	if g.Ready {
		return "yes"
	}
	return "no"
}

func drain(d overview.Drain) string {
	if !d.Going() {
		return "-"
	}
	return fmt.Sprintf("%s, %s left", d.Phase, count(d.Connections))
}

// figure is a figure of the last step, or a dash where there is none yet.
func figure(r row, text func(*overview.Step) string) string {
	if r.Figures == nil {
		return "-"
	}
	return text(r.Figures)
}

// count writes a number with commas.
func count(n int) string {
	text := strconv.Itoa(n)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// rate writes a number a second, with a decimal where that says something.
func rate(f float64) string {
	if f > 0 && f < 9.95 {
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return count(int(f + 0.5))
}

// millis writes a time in milliseconds.
func millis(ms *float64) string {
	switch {
	case ms == nil:
		return "-"
	case *ms < 0.995:
		return strconv.FormatFloat(*ms, 'f', 2, 64) + " ms"
	case *ms < 9.95:
		return strconv.FormatFloat(*ms, 'f', 1, 64) + " ms"
	case *ms < 9_950:
		return count(int(*ms+0.5)) + " ms"
	default:
		return strconv.FormatFloat(*ms/1000, 'f', 0, 64) + " s"
	}
}

// age writes how long something has lasted, as kubectl does.
func age(d time.Duration) string {
	switch {
	case d < 0:
		return "-"
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	default:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return count(n) + " " + what + "s"
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// clean replaces control characters, which could steer the terminal.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, text)
}

// columnsOf counts one column a rune.
func columnsOf(text string) int { return utf8.RuneCountInString(text) }

// pad fills a text with spaces to a number of columns, before it if it is a number.
func pad(text string, columns int, right bool) string {
	space := strings.Repeat(" ", max(columns-columnsOf(text), 0))
	if right {
		return space + text
	}
	return text + space
}
