package kubestatus

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/buildinfo"
)

// apiServer answers as a Kubernetes API server does that has two clusters, and returns a kubeconfig for it.
func apiServer(t *testing.T) string {
	t.Helper()
	say := func(w http.ResponseWriter, status int, body string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
	refuse := func(w http.ResponseWriter, status int, reason string) {
		say(w, status, fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"code":%d,"message":"no"}`, reason, status))
	}
	chat := `{"metadata":{"name":"chat","namespace":"rt"},"status":{"conditions":[{"type":"Ready","status":"True"}]}}`
	quiet := `{"metadata":{"name":"quiet","namespace":"rt"},"status":{"conditions":[{"type":"Ready","status":"False","reason":"NoGateways","message":"none runs"}]}}`
	pod := func(name, phase string) string {
		return fmt.Sprintf(`{"metadata":{"name":%q,"namespace":"rt"},"status":{"phase":%q}}`, name, phase)
	}
	gateway := func(n, peer string) string {
		return fmt.Sprintf(`{"node":"chat-%s","boot":"b%s","version":"v1","ready":true,"connections":7,"members":5,"channels":2,
			"figures":{"at":1,"seconds":5,"in":3,"out":30,"p99Ms":1.5},
			"peers":[{"node":"chat-%s","boot":"b%s","state":"live","linkedIn":true,"linkedOut":true}]}`, n, n, peer, peer)
	}
	const clusters, pods = "/apis/realtime.starling.dev/v1alpha1/namespaces/rt/realtimeclusters", "/api/v1/namespaces/rt/pods"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case clusters:
			say(w, 200, `{"items":[`+chat+`,`+quiet+`]}`)
		case clusters + "/chat":
			say(w, 200, chat)
		case "/apis/realtime.starling.dev/v1alpha1/namespaces/empty/realtimeclusters":
			say(w, 200, `{"items":[]}`)
		case "/apis/realtime.starling.dev/v1alpha1/namespaces/closed/realtimeclusters",
			"/apis/realtime.starling.dev/v1alpha1/namespaces/closed/realtimeclusters/chat", "/api/v1/namespaces/blind/pods":
			refuse(w, 403, "Forbidden")
		case "/apis/realtime.starling.dev/v1alpha1/namespaces/blind/realtimeclusters":
			say(w, 200, `{"items":[{"metadata":{"name":"chat","namespace":"blind"}}]}`)
		case "/apis/realtime.starling.dev/v1alpha1/namespaces/bare/realtimeclusters",
			"/apis/realtime.starling.dev/v1alpha1/namespaces/bare/realtimeclusters/chat":
			http.NotFound(w, r) // as where there is no CustomResourceDefinition
		case pods:
			items := ""
			if r.URL.Query().Get("labelSelector") == "realtime.starling.dev/cluster=chat" {
				items = strings.Join([]string{
					pod("chat-1", "Running"), pod("chat-2", "Running"), pod("chat-3", "Pending"), pod("chat-4", "Running"), pod("chat-5", "Failed"),
				}, ",")
			}
			say(w, 200, `{"kind":"PodList","apiVersion":"v1","items":[`+items+`]}`)
		case pods + "/chat-1:9090/proxy/status":
			say(w, 200, gateway("1", "2"))
		case pods + "/chat-2:9090/proxy/status":
			say(w, 200, gateway("2", "1"))
		case pods + "/chat-4:9090/proxy/status":
			refuse(w, 403, "Forbidden")
		default:
			refuse(w, 404, "NotFound")
		}
	}))
	t.Cleanup(server.Close)
	path := filepath.Join(t.TempDir(), "config")
	config := map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "test",
		"clusters": []any{map[string]any{"name": "test", "cluster": map[string]any{"server": server.URL}}},
		"contexts": []any{map[string]any{"name": "test", "context": map[string]any{"cluster": "test", "user": "me", "namespace": "rt"}}},
		"users":    []any{map[string]any{"name": "me", "user": map[string]any{}}},
	}
	text, err := json.Marshal(config)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

// call runs a command line of the plugin.
func call(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := NewCommand(&out)
	if args[0] == "status" {
		args = append(args, "--kubeconfig", apiServer(t))
	}
	cmd.SetArgs(args)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestStatusThroughTheAPIServer(t *testing.T) {
	out, err := call(t, "status", "chat")
	require.NoError(t, err)
	require.Equal(t, `RealtimeCluster rt/chat: ready
Cluster chat: 4 gateways, 2 ready; 14 connections, 5 members in 2 channels
6.0 messages/s in, 60/s out; 99 of 100 written within 1.5 ms of being queued

GATEWAY  READY  CONNECTIONS  MEMBERS  CHANNELS  IN/S  OUT/S     P99  DRAIN  VERSION  DOES NOT SEE
chat-1   yes              7        5         2   3.0     30  1.5 ms  -      v1       -
chat-2   yes              7        5         2   3.0     30  1.5 ms  -      v1       -

chat-3 did not answer: the pod is Pending
chat-4 did not answer: this user may not get pods/proxy in namespace rt: ClusterRole starling-realtimecluster-status-reader has that right
`, out)
}

func TestStatusOfAllClusters(t *testing.T) {
	out, err := call(t, "status")
	require.NoError(t, err)
	require.Contains(t, out, "\n\nRealtimeCluster rt/quiet: not ready, NoGateways: none runs\nCluster quiet: 0 gateways")
	out, err = call(t, "status", "-o", "yaml")
	require.NoError(t, err)
	require.Contains(t, out, "---\n")
	out, err = call(t, "status", "chat", "-o", "json")
	require.NoError(t, err)
	require.Contains(t, out, `"node": "chat-2"`)
}

func TestVersion(t *testing.T) {
	out, err := call(t, "--version")
	require.NoError(t, err)
	require.Equal(t, "kubectl starling version "+buildinfo.Version()+"\n", out)
}

func TestStatusSaysWhatIsWrong(t *testing.T) {
	for want, args := range map[string][]string{
		"there is no RealtimeCluster rt/none":            {"status", "none"},
		"there is no RealtimeCluster in namespace empty": {"status", "-n", "empty"},
		"this user may not list realtimeclusters in namespace closed: ClusterRole starling-realtimecluster-status-reader has that right": {"status", "-n", "closed"},
		"this user may not get realtimeclusters in namespace closed: ClusterRole":                                                        {"status", "chat", "-n", "closed"},
		"this user may not list pods in namespace blind: ClusterRole":                                                                    {"status", "-n", "blind"},
		"this Kubernetes has no RealtimeClusters: is the operator installed?":                                                            {"status", "-n", "bare"},
		"has no RealtimeClusters: is the operator":                                                                                       {"status", "chat", "-n", "bare"},
		`--output is "xml", must be table, wide, json or yaml`:                                                                           {"status", "-o", "xml"},
		"context was not found for specified context: other":                                                                             {"status", "--context", "other"},
		"accepts at most 1 arg(s), received 2":                                                                                           {"status", "a", "b"},
	} {
		_, err := call(t, args...)
		require.ErrorContains(t, err, want)
	}
}
