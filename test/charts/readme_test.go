package charts

import (
	"os"
	"path/filepath"
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
		for name, value := range values {
			if nested, ok := value.(map[string]any); ok && len(nested) > 0 && name != "resources" {
				for inner := range nested {
					require.Contains(t, string(readme), "| `"+name+"."+inner+"` |", "run make generate")
				}
				continue
			}
			require.Contains(t, string(readme), "| `"+name+"` |", "run make generate")
		}
	}
}
