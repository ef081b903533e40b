//go:build charts

package charts

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const (
	alertsKey    = "PrometheusRule/" + namespace + "/starling-alerts"
	dashboardKey = "ConfigMap/" + namespace + "/starling-dashboard"
)

func TestMonitoringIsMadeWhenAskedFor(t *testing.T) {
	all := render(t, operatorChart, "")
	require.NotContains(t, all, alertsKey)
	require.NotContains(t, all, dashboardKey)

	all = render(t, operatorChart, "monitoring: {prometheusRule: {enabled: true, labels: {release: prometheus}}, dashboard: {enabled: true, annotations: {folder: Realtime}}}")
	alerts, dashboard := all[alertsKey], all[dashboardKey]
	require.NotNil(t, alerts)
	require.NotNil(t, dashboard)
	require.Equal(t, "prometheus", alerts.GetLabels()["release"])
	require.Equal(t, "starling-operator", alerts.GetLabels()["app.kubernetes.io/name"])
	require.Equal(t, "1", dashboard.GetLabels()["grafana_dashboard"])
	require.Equal(t, "Realtime", dashboard.GetAnnotations()["folder"])

	// They are the files, as they are.
	text, err := os.ReadFile(filepath.Join(monitoring, "rules.yaml"))
	require.NoError(t, err)
	var want map[string]any
	require.NoError(t, yaml.Unmarshal(text, &want))
	require.Equal(t, want, alerts.Object["spec"])
	text, err = os.ReadFile(filepath.Join(monitoring, "dashboard.json"))
	require.NoError(t, err)
	data, _, err := unstructured.NestedString(dashboard.Object, "data", "starling.json")
	require.NoError(t, err)
	var a, b map[string]any
	require.NoError(t, json.Unmarshal(text, &a))
	require.NoError(t, json.Unmarshal([]byte(data), &b))
	require.Equal(t, a, b)
}
