package controllers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

// TestManualNamesEveryReasonAndMetric keeps docs/operator.md complete.
func TestManualNamesEveryReasonAndMetric(t *testing.T) {
	text, err := os.ReadFile("../docs/operator.md")
	require.NoError(t, err)
	page := string(text)
	reasons := 0
	for _, file := range []string{"reasons.go", "scaling/autoscale.go", "gateways/judge.go"} {
		for _, reason := range reasonsIn(t, file) {
			require.Contains(t, page, "`"+reason+"`", file)
			reasons++
		}
	}
	require.Greater(t, reasons, 45)

	descs := make(chan *prometheus.Desc, 100)
	NewMetrics().Describe(descs)
	close(descs)
	for d := range descs {
		_, rest, _ := strings.Cut(d.String(), `fqName: "`)
		name, _, _ := strings.Cut(rest, `"`)
		require.Contains(t, page, "`"+name, "docs/operator.md")
	}
}

// reasonsIn returns the values of the constants of a file that begin with Reason.
func reasonsIn(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	require.NoError(t, err)
	var values []string
	ast.Inspect(parsed, func(node ast.Node) bool {
		if spec, ok := node.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Reason") && len(spec.Values) == 1 {
			values = append(values, strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`))
		}
		return true
	})
	return values
}
