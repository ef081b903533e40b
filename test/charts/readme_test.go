package charts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

const (
	operatorChart = "../../charts/starling"
	clusterChart  = "../../charts/starling-cluster"
)

// The tables are generated; this says so where nobody ran make generate.
func TestEveryValueIsInTheReadme(t *testing.T) {
	for _, chart := range []string{operatorChart, clusterChart} {
		content, err := os.ReadFile(filepath.Join(chart, "values.yaml"))
		require.NoError(t, err)
		readme, err := os.ReadFile(filepath.Join(chart, "README.md"))
		require.NoError(t, err)
		var values map[string]any
		require.NoError(t, yaml.Unmarshal(content, &values))
		requireRows(t, string(readme), "", values)
	}
}

// requireRows looks for a row for each value, or for each of those in it.
func requireRows(t *testing.T, readme, path string, values map[string]any) {
	t.Helper()
	for name, value := range values {
		row := "| `" + path + name + "` |"
		if nested, ok := value.(map[string]any); ok && len(nested) > 0 && !strings.Contains(readme, row) {
			requireRows(t, readme, path+name+".", nested)
			continue
		}
		require.Contains(t, readme, row, "run make generate")
	}
}
