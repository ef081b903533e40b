package links

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// pages are where documentation is looked for.
func pages(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "examples/*/*.md", "charts/*/*.md", "clients/*/*.md", "hack/*/*.md"} {
		found, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(pattern)))
		require.NoError(t, err)
		all = append(all, found...)
	}
	require.NotEmpty(t, all)
	return all
}

var (
	// link matches the target of [text](target) and ![text](target); the text may span lines.
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`)
	fence   = regexp.MustCompile("(?ms)^```.*?\n```")
)

func TestRelativeLinksLeadSomewhere(t *testing.T) {
	for _, page := range pages(t) {
		for _, target := range links(read(t, page)) {
			path, anchor, _ := strings.Cut(target, "#")
			file := page
			if path != "" {
				file = filepath.Join(filepath.Dir(page), filepath.FromSlash(path))
			}
			_, err := os.Stat(file)
			require.NoError(t, err, "%s links to %s", page, target)
			if anchor != "" {
				require.Contains(t, anchors(read(t, file)), anchor, "%s links to %s", page, target)
			}
		}
	}
}

func TestLinksAndAnchors(t *testing.T) {
	text := "# On *the* wire: `ws`\n[a](b.md#c) ![d\ne](f.svg) [g](https://example.com)\n```\n[h](i)\n# j\n```\n"
	require.Equal(t, []string{"b.md#c", "f.svg"}, links(text))
	require.Equal(t, []string{"on-the-wire-ws"}, anchors(text))
}

// links returns the targets within this repository.
func links(text string) []string {
	var targets []string
	for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		if !strings.Contains(m[1], ":") {
			targets = append(targets, m[1])
		}
	}
	return targets
}

// anchors returns what GitHub makes of the headings: lower case, dashes for spaces, and no punctuation.
func anchors(text string) []string {
	var all []string
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		all = append(all, strings.Map(anchorRune, strings.ToLower(m[1])))
	}
	return all
}

func anchorRune(r rune) rune {
	switch {
	case r == ' ':
		return '-'
	case r == '-', r == '_', unicode.IsLetter(r), unicode.IsNumber(r):
		return r
	default:
		return -1
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(b)
}
