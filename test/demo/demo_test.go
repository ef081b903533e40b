//go:build e2e

package demo

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
)

const (
	name = "demo-test"
	// upTimeout is for a busy machine; usually it is one minute.
	upTimeout = 12 * time.Minute
)

func TestDemo(t *testing.T) {
	port := freePort(t)
	t.Cleanup(func() { run(t, port, "down") })
	for _, time := range []string{"first", "second"} {
		output := run(t, port, "up")
		address := "http://127.0.0.1:" + port
		require.Contains(t, output, "Ready: "+address, "the %s time", time)
		requirePage(t, address)
	}
	requireWelcome(t, "ws://127.0.0.1:"+port+"/ws?member=ada")
	run(t, port, "down")
	requireNothingLeft(t, port)
}

// run runs the demo's script and shows what it says.
func run(t *testing.T, port, command string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), upTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "../../hack/demo.sh", command)
	cmd.Env = append(os.Environ(), "KUBE_NAME="+name, "KUBE_NODES=1", "DEMO_PORT="+port, "KUBECONFIG=")
	output, err := cmd.CombinedOutput()
	t.Logf("hack/demo.sh %s:\n%s", command, output)
	require.NoError(t, err)
	return string(output)
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, listener.Close()) }()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

func requirePage(t *testing.T, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	page, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Contains(t, string(page), "<title>Starling")
}

// requireWelcome connects as the page does.
func requireWelcome(t *testing.T, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ws, response, err := websocket.DefaultDialer.DialContext(ctx, address, nil)
	require.NoError(t, err)
	_ = response.Body.Close()
	defer func() { _ = ws.Close() }()
	_ = ws.SetReadDeadline(time.Now().Add(30 * time.Second))
	_, frame, err := ws.ReadMessage()
	require.NoError(t, err)
	require.Contains(t, string(frame), `"welcome"`)
}

// requireNothingLeft looks for processes, cgroups and files of the cluster's, and for somebody at the port.
func requireNothingLeft(t *testing.T, port string) {
	t.Helper()
	home, err := os.UserHomeDir()
	require.NoError(t, err)
	state := os.Getenv("XDG_STATE_HOME")
	if state == "" {
		state = filepath.Join(home, ".local", "state")
	}
	folder := filepath.Join(state, "starling", "kube", name)
	for _, pattern := range []string{folder, "/sys/fs/cgroup/starling-kube-" + name, "/sys/fs/cgroup/*/starling-kube-" + name} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.Empty(t, found, "left after the demo")
	}
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, file := range lines {
		line, _ := os.ReadFile(file) // it may have ended meanwhile
		require.NotContains(t, strings.ReplaceAll(string(line), "\x00", " "), folder+"/", "a process is left: %s", file)
	}
	_, err = net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", port), time.Second)
	require.Error(t, err, "somebody listens on port %s still", port)
}
