package httpapi_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/httpapi"
)

var update = flag.Bool("update", false, "write the problems into docs/http-api.md instead of comparing")

// The page has a heading for each problem, which the problem's type points to.
func TestProblemsPage(t *testing.T) {
	const path, begin, end = "../../docs/http-api.md", "-update -->\n", "<!-- end of problems -->"
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), begin)
	require.True(t, found)
	_, after, found := strings.Cut(rest, end)
	require.True(t, found)
	var problems strings.Builder
	for _, k := range httpapi.Kinds() {
		fmt.Fprintf(&problems, "\n### %s\n\n%d. %s. %s\n", k.Code, k.Status, k.Title, k.Remedy)
	}
	want := before + begin + problems.String() + "\n" + end + after
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o600))
		return
	}
	require.Equal(t, want, string(text), "out of date: go test ./gateway/httpapi -run TestProblemsPage -update")
}
