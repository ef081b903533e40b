package links

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	shell = regexp.MustCompile("(?s)\n```sh[^\n]*\n(.*?)\n```")
	// target matches what make is asked for, in a command of its own or in the text.
	target = regexp.MustCompile("(?m)(?:^|&& |`)make (?:[A-Z_]+=\\S+ )*([a-z][a-z0-9-]*)")
	// file matches a path of this repository.
	file = regexp.MustCompile(`(?:^|[\s=(])((?:charts|config|examples|hack|gateway|clients|docs|test)/[\w./*-]+)`)
)

// TestCommandsNameWhatIsThere looks at the commands of all pages: the targets of make, charts, samples and scripts that they name exist.
func TestCommandsNameWhatIsThere(t *testing.T) {
	makefile := read(t, filepath.Join("..", "..", "Makefile"))
	targets, files := 0, 0
	for _, page := range pages(t) {
		text := read(t, page)
		for _, m := range append(target.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1), inCommands(text, target)...) {
			targets++
			require.Regexp(t, `(?m)^`+m[1]+`:`, makefile, "%s says make %s", page, m[1])
		}
		for _, m := range inCommands(text, file) {
			files++
			path := strings.TrimSuffix(strings.TrimRight(m[1], ".,"), "/...")
			found, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(path)))
			require.NoError(t, err)
			require.NotEmpty(t, found, "%s names %s", page, m[1])
		}
	}
	require.Greater(t, targets, 5)
	require.Greater(t, files, 5)
}

// inCommands returns the matches within the blocks of shell commands.
func inCommands(text string, what *regexp.Regexp) [][]string {
	var all [][]string
	for _, block := range shell.FindAllStringSubmatch(text, -1) {
		all = append(all, what.FindAllStringSubmatch(block[1], -1)...)
	}
	return all
}
