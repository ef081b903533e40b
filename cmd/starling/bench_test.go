package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/internal/bench"
)

// TestBench runs the real command once on gateways of its own, with tokens and through the mesh.
func TestBench(t *testing.T) {
	program := filepath.Join(t.TempDir(), "starling")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	t.Setenv("TMPDIR", t.TempDir())
	for _, auth := range []string{"hs256", "es256"} {
		cmd := exec.CommandContext(t.Context(), program, "bench", "mesh", "--channels=5", "--subscribers=2", "--rate=50", "--auth="+auth,
			"--warm-up=100ms", "--duration=500ms", "-o", "json", "--", "--heartbeat=5s")
		text, err := cmd.Output()
		require.NoError(t, err)
		var report bench.Report
		require.NoError(t, json.Unmarshal(text, &report))
		require.Equal(t, "mesh", report.Scenario)
		require.Empty(t, report.Faults)
		require.Equal(t, 11, report.Connections)
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	require.Empty(t, left)

	cmd := exec.CommandContext(t.Context(), program, "bench", "idle", "--", "--no-such-flag")
	text, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(text), "no-such-flag", "the gateway's own words")
}
