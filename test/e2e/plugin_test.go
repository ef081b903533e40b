//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/starling-realtime/starling/gateway/overview"
)

// onlooker is a user who may nothing but what docs/dashboard.md says that the plugin needs.
const onlooker = "onlooker"

// plugin has kubectl run the plugin as a user who has, and has not, the role that the chart installs for it.
func (w *world) plugin(t *testing.T) {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: onlooker}}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: onlooker},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: release + "-realtimecluster-status-reader"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: namespace, Name: onlooker}},
	}
	require.NoError(t, w.api.Create(t.Context(), account))
	user := w.kubeconfig(t, account)

	_, denied := w.starling(t, user, "status", clusterName)
	require.ErrorContains(t, denied, "this user may not get realtimeclusters in namespace "+namespace+
		": ClusterRole starling-realtimecluster-status-reader has that right")

	require.NoError(t, w.api.Create(t.Context(), binding))
	var table string
	w.await(t, "the user has the role", func(context.Context) error {
		var err error
		table, err = w.starling(t, user, "status", clusterName)
		return err
	})
	names := w.requirePodNames(t)
	require.Contains(t, table, fmt.Sprintf("RealtimeCluster %s/%s: ready\nCluster %s: 2 gateways, 2 ready", namespace, clusterName, clusterName))
	for _, name := range names {
		require.Contains(t, table, "\n"+name)
	}
	require.NotContains(t, table, "did not answer")

	text, err := w.starling(t, user, "status", "-o", "json") // every cluster of the namespace
	require.NoError(t, err)
	var o overview.Overview
	require.NoError(t, json.Unmarshal([]byte(text), &o), text)
	require.Empty(t, o.Missing)
	connections := 0
	require.Len(t, o.Gateways, len(names))
	for _, g := range o.Gateways {
		require.Contains(t, names, g.Node)
		connections += g.Connections
	}
	require.GreaterOrEqual(t, connections, len(w.members))

	require.NoError(t, w.api.Delete(t.Context(), binding))
	require.NoError(t, w.api.Delete(t.Context(), account))
}

// kubeconfig writes a file with which kubectl is that ServiceAccount.
func (w *world) kubeconfig(t *testing.T, account *corev1.ServiceAccount) string {
	t.Helper()
	token := &authenticationv1.TokenRequest{}
	require.NoError(t, w.api.SubResource("token").Create(t.Context(), account, token))
	config := clientcmdapi.NewConfig()
	config.Clusters["e2e"] = &clientcmdapi.Cluster{
		Server: w.config.Host, CertificateAuthority: w.config.CAFile, CertificateAuthorityData: w.config.CAData,
	}
	config.AuthInfos[onlooker] = &clientcmdapi.AuthInfo{Token: token.Status.Token}
	config.Contexts["e2e"] = &clientcmdapi.Context{Cluster: "e2e", AuthInfo: onlooker, Namespace: namespace}
	config.CurrentContext = "e2e"
	path := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, clientcmd.WriteToFile(*config, path))
	return path
}

// starling runs `kubectl starling`, with the plugin from the folder E2E_PLUGIN.
func (w *world) starling(t *testing.T, kubeconfig string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithDeadline(t.Context(), w.deadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, "kubectl", append([]string{"starling"}, args...)...)
	path := setting(t, "E2E_PLUGIN") + string(os.PathListSeparator) + os.Getenv("PATH")
	cmd.Env = append(os.Environ(), "PATH="+path, "KUBECONFIG="+kubeconfig)
	var said, complaint strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &complaint
	if err := cmd.Run(); err != nil {
		return said.String(), fmt.Errorf("kubectl starling %v: %w: %s", args, err, complaint.String())
	}
	t.Logf("kubectl starling %s:\n%s", strings.Join(args, " "), said.String())
	return said.String(), nil
}

// forward is `kubectl port-forward` to a pod's port until the test ends. It returns the address here.
func (w *world) forward(t *testing.T, pod string, port int) string {
	t.Helper()
	ctx, cancel := context.WithDeadline(t.Context(), w.deadline)
	cmd := exec.CommandContext(ctx, "kubectl", "--namespace", namespace, "port-forward", "pod/"+pod, ":"+strconv.Itoa(port))
	output, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err, "kubectl port-forward said nothing: %s", &complaint)
	_, rest, found := strings.Cut(line, "Forwarding from ")
	address, _, arrow := strings.Cut(rest, " -> ")
	require.True(t, found && arrow, "kubectl port-forward said %q", line)
	return address
}
