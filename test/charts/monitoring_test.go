package charts

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// monitoring is where the chart keeps its alerts and its dashboard. They are looked at without Helm.
const monitoring = "../../charts/starling/monitoring"

// foreign are the metrics of libraries, not ours.
var foreign = []string{"controller_runtime_reconcile_errors_total", "process_resident_memory_bytes", "process_cpu_seconds_total"}

var (
	metricName = regexp.MustCompile(`\b(starling|controller_runtime|process)_[a-z_]+\b`)
	labelOnly  = regexp.MustCompile(`\b(realtime_starling_dev_cluster)\b`)
)

// TestAlertsAndDashboardUseMetricsThatExist looks for every metric in the sources of those who make it.
func TestAlertsAndDashboardUseMetricsThatExist(t *testing.T) {
	sources := sourcesOf(t, "../../gateway", "../../controllers")
	checked := 0
	for _, expression := range append(alertExpressions(t), dashboardExpressions(t)...) {
		names := metricName.FindAllString(labelOnly.ReplaceAllString(expression, ""), -1)
		require.NotEmpty(t, names, expression)
		for _, name := range names {
			if slices.Contains(foreign, name) {
				continue
			}
			checked++
			require.True(t, made(sources, name), "nobody makes %s, which is in %s", name, expression)
		}
	}
	require.Greater(t, checked, 40)
	require.False(t, made(sources, "starling_bogus_total"))
}

// made reports whether a name is in the sources, whole or after one of the prefixes that they add.
func made(sources, name string) bool {
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		name = strings.TrimSuffix(name, suffix)
	}
	for _, prefix := range []string{"", "starling_fanout_", "starling_mesh_", "starling_"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && strings.Contains(sources, `"`+rest+`"`) {
			return true
		}
	}
	return false
}

func sourcesOf(t *testing.T, folders ...string) string {
	t.Helper()
	var all strings.Builder
	for _, folder := range folders {
		require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			all.Write(text)
			return err
		}))
	}
	return all.String()
}

func alertExpressions(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(monitoring, "rules.yaml"))
	require.NoError(t, err)
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr         string
				For                 string
				Labels, Annotations map[string]string
			}
		}
	}
	require.NoError(t, yaml.UnmarshalStrict(text, &rules))
	var all []string
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			require.Regexp(t, `^Starling[A-Za-z]+$`, rule.Alert)
			require.Contains(t, []string{"critical", "warning", "info"}, rule.Labels["severity"], rule.Alert)
			require.NotEmpty(t, rule.Annotations["summary"], rule.Alert)
			require.NotEmpty(t, rule.Annotations["description"], rule.Alert)
			all = append(all, rule.Expr)
		}
	}
	return all
}

func dashboardExpressions(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(monitoring, "dashboard.json"))
	require.NoError(t, err)
	var dashboard struct {
		UID        string
		Templating struct {
			List []struct{ Type, Definition string }
		}
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &dashboard))
	require.Equal(t, "starling", dashboard.UID)
	var all []string
	for _, panel := range dashboard.Panels {
		require.NotEmpty(t, panel.Title)
		for _, target := range panel.Targets {
			all = append(all, target.Expr)
		}
	}
	for _, variable := range dashboard.Templating.List {
		if variable.Type == "query" {
			all = append(all, variable.Definition)
		}
	}
	return all
}
