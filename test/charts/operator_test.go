//go:build charts && envtest

package charts

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"
)

// patience is generous: the machine is busy.
const patience = 90 * time.Second

// A log may be read while it is written.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// runOperator runs the operator's program, which $OPERATOR names, with the rights that the chart gives it and no others, until the
// returned function is called.
func (s server) runOperator(t *testing.T, flags ...string) (logged *log, stop func()) {
	t.Helper()
	config, err := clientcmd.LoadFromFile(s.kubeconfig)
	require.NoError(t, err)
	for _, user := range config.AuthInfos {
		user.Impersonate = account
	}
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, clientcmd.WriteToFile(*config, kubeconfig))

	args := append([]string{"--default-image=starling:test", "--metrics-listen=0", "--probe-listen=127.0.0.1:0"}, flags...)
	cmd := exec.CommandContext(t.Context(), program(t, "OPERATOR"), args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "POD_NAMESPACE="+namespace, "POD_NAME=")
	logged = &log{}
	cmd.Stdout, cmd.Stderr = logged, logged
	require.NoError(t, cmd.Start())
	return logged, sync.OnceFunc(func() {
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait(), "%s", logged)
	})
}

// The rights are the least that the operator needs, and they are enough.
func (s server) servesClusters(t *testing.T, in string, flags ...string) {
	t.Helper()
	logged, stop := s.runOperator(t, flags...)
	defer stop()
	apply := func(spec string) {
		s.runHelm(t, "upgrade", "--install", "rights", clusterChart, "--namespace", in,
			"--set-json", `clusters={"rights":{"spec":{"auth":{"type":"Anonymous"}`+spec+`}}}`)
	}
	await := func(want string, args ...string) {
		t.Helper()
		require.Eventually(t, func() bool {
			got, err := s.runKubectl(t, append(args, "--namespace", in)...)
			return err == nil && got == want
		}, patience, time.Second, "awaiting %q\n%s", want, logged)
	}
	apply(`,"ingress":{"host":"chat.example.com"}`)
	for _, kind := range []string{"Deployment", "Service", "ServiceAccount", "NetworkPolicy", "PodDisruptionBudget", "Ingress"} {
		await("rights-gateway", "get", kind, "rights-gateway", "-o", "jsonpath={.metadata.name}", "--ignore-not-found")
	}
	await("rights-gateway-mesh-key", "get", "secret", "rights-gateway-mesh-key", "-o", "jsonpath={.metadata.name}", "--ignore-not-found")
	await("1", "get", "rtc", "rights", "-o", "jsonpath={.status.observedGeneration}")

	apply("") // the Ingress goes
	await("", "get", "ingress", "rights-gateway", "-o", "name", "--ignore-not-found")
	await("2", "get", "rtc", "rights", "-o", "jsonpath={.status.observedGeneration}")
	stop()
	require.NotContains(t, logged.String(), "forbidden")
	s.runHelm(t, "uninstall", "rights", "--namespace", in)
}
