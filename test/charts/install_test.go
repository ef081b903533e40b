//go:build charts && envtest

package charts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

const account = "system:serviceaccount:" + namespace + ":starling-operator"

// A server is a real API server, which runs no pods, with the programs to talk to it.
type server struct{ kubeconfig, helm, kubectl string }

func startServer(t *testing.T) server {
	t.Helper()
	env := &envtest.Environment{ControlPlaneStartTimeout: 2 * time.Minute, ControlPlaneStopTimeout: time.Minute}
	_, err := env.Start()
	t.Cleanup(func() { require.NoError(t, env.Stop()) })
	require.NoError(t, err)
	user, err := env.AddUser(envtest.User{Name: "admin", Groups: []string{"system:masters"}}, &rest.Config{})
	require.NoError(t, err)
	content, err := user.KubeConfig()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(file, content, 0o600))
	kubectl, err := user.Kubectl()
	require.NoError(t, err)
	return server{kubeconfig: file, helm: program(t, "HELM"), kubectl: kubectl.Path}
}

func (s server) runHelm(t *testing.T, args ...string) string {
	t.Helper()
	out, err := output(t, s.helm, append(args, "--kubeconfig", s.kubeconfig)...)
	require.NoError(t, err)
	return string(out)
}

func (s server) runKubectl(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := output(t, s.kubectl, append(args, "--kubeconfig", s.kubeconfig)...)
	return strings.TrimSpace(string(out)), err
}

func (s server) may(t *testing.T, args ...string) string {
	t.Helper()
	answer, _ := s.runKubectl(t, append([]string{"auth", "can-i", "--as", account}, args...)...) // no is an exit code too
	return answer
}

func TestARealServerTakesTheCharts(t *testing.T) {
	s := startServer(t)
	values := filepath.Join(t.TempDir(), "values.yaml")
	require.NoError(t, os.WriteFile(values, []byte("clusters: {chat: {spec: {auth: {type: Anonymous}}}}"), 0o600))

	notes := s.runHelm(t, "install", "starling", operatorChart, "--namespace", namespace, "--create-namespace")
	require.Contains(t, notes, "deployment/starling-operator")
	_, err := s.runKubectl(t, "wait", "--for=condition=Established", "crd/realtimeclusters.realtime.starling.dev", "--timeout=60s")
	require.NoError(t, err)
	s.runHelm(t, "install", "chat", clusterChart, "--namespace", namespace, "--values", values)
	replicas, err := s.runKubectl(t, "get", "rtc", "chat", "--namespace", namespace, "-o", "jsonpath={.spec.replicas}")
	require.NoError(t, err)
	require.Equal(t, "2", replicas, "the default of the definition")

	require.Equal(t, "yes", s.may(t, "list", "realtimeclusters.realtime.starling.dev", "--all-namespaces"))
	require.Equal(t, "yes", s.may(t, "update", "leases.coordination.k8s.io/starling-operator", "--namespace", namespace))
	require.Equal(t, "no", s.may(t, "list", "secrets", "--all-namespaces"))
	s.servesClusters(t, namespace)

	t.Run("upgrade", func(t *testing.T) {
		s.runHelm(t, "upgrade", "starling", operatorChart, "--namespace", namespace, "--set", "replicas=2", "--set", "watchNamespaces={default}")
		replicas, err := s.runKubectl(t, "get", "deployment", "starling-operator", "--namespace", namespace, "-o", "jsonpath={.spec.replicas}")
		require.NoError(t, err)
		require.Equal(t, "2", replicas)
		require.Equal(t, "yes", s.may(t, "list", "realtimeclusters.realtime.starling.dev", "--namespace", "default"))
		require.Equal(t, "no", s.may(t, "list", "realtimeclusters.realtime.starling.dev", "--namespace", namespace))
		s.servesClusters(t, "default", "--namespaces=default")
	})
	t.Run("uninstall", func(t *testing.T) {
		s.runHelm(t, "uninstall", "starling", "--namespace", namespace)
		_, err := s.runKubectl(t, "get", "rtc", "chat", "--namespace", namespace)
		require.NoError(t, err, "clusters outlive the operator")
		left, err := s.runKubectl(t, "get", "deployments,serviceaccounts,roles,rolebindings,services", "--namespace", namespace,
			"--selector", "app.kubernetes.io/name=starling-operator", "-o", "name")
		require.NoError(t, err)
		require.Empty(t, left)
		s.runHelm(t, "uninstall", "chat", "--namespace", namespace)
		_, err = s.runKubectl(t, "get", "rtc", "chat", "--namespace", namespace)
		require.ErrorContains(t, err, "not found")
	})
	t.Run("install again", func(t *testing.T) {
		s.runHelm(t, "install", "starling", operatorChart, "--namespace", namespace)
	})
}
