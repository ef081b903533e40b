package localcluster

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

func TestOptionsValidate(t *testing.T) {
	jwt := testCluster(3)
	jwt.Spec.Auth.Type, jwt.Spec.Auth.JWT = v1alpha1.AuthJWT, &v1alpha1.JWTSpec{Keys: []v1alpha1.JWTKey{{Name: "a"}}}
	byURL := testCluster(1)
	byURL.Spec.Auth.Type, byURL.Spec.Auth.JWT = v1alpha1.AuthJWT, &v1alpha1.JWTSpec{JWKSURL: "https://id.example/keys"}
	for name, test := range map[string]struct {
		opts Options
		want string
	}{
		"good":            {Options{Cluster: testCluster(1)}, ""},
		"good JWT":        {Options{Cluster: jwt, JWTKeyFiles: []string{"key"}}, ""},
		"none":            {Options{Cluster: testCluster(0)}, "spec.replicas: is 0, must be 1 to 20"},
		"too many":        {Options{Cluster: testCluster(21)}, "spec.replicas: is 21, must be 1 to 20"},
		"JWT by URL":      {Options{Cluster: byURL}, ""},
		"JWT without key": {Options{Cluster: jwt}, "name its file with --jwt-key-file"},
		"key without JWT": {Options{Cluster: testCluster(1), JWTKeyFiles: []string{"key"}}, "--jwt-key-file: has no meaning, because spec.auth.type is Anonymous"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := test.opts.Validate(); test.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.want)
			}
		})
	}
}

func TestWorkDirIsPrivate(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dir, err := newWorkDir()
	require.NoError(t, err)
	info, err := os.Stat(dir.path)
	require.NoError(t, err)
	require.EqualValues(t, 0o700, info.Mode().Perm())
	info, err = os.Stat(dir.keyFile())
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())
	text, err := os.ReadFile(dir.keyFile())
	require.NoError(t, err)
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	require.Len(t, key, 32)

	other, err := newWorkDir()
	require.NoError(t, err)
	otherText, err := os.ReadFile(other.keyFile())
	require.NoError(t, err)
	require.NotEqual(t, text, otherText)
	require.NoError(t, other.remove())
	require.NoError(t, dir.remove())
	require.NoDirExists(t, dir.path)
}

func TestPortPickerNeverRepeats(t *testing.T) {
	ports := newPortPicker()
	seen := map[string]bool{}
	for range 20 {
		at, err := ports.pick()
		require.NoError(t, err)
		for _, address := range []string{at.client, at.admin, at.mesh} {
			require.False(t, seen[address], address)
			seen[address] = true
			require.True(t, strings.HasPrefix(address, "127.0.0.1:2"), address)
		}
	}
}

func TestPause(t *testing.T) {
	for n := 1; n < 100; n++ {
		whole := maxPause
		if n < 7 {
			whole = firstPause << (n - 1)
		}
		for range 20 {
			require.GreaterOrEqual(t, pause(n), min(whole, maxPause)/2)
			require.LessOrEqual(t, pause(n), min(whole, maxPause))
		}
	}
}

func TestGatewayEnvironment(t *testing.T) {
	require.Equal(t, []string{"PATH=/bin", "STARLINGS=1"}, gatewayEnvironment([]string{"PATH=/bin", "STARLING_LISTEN=:1", "STARLINGS=1"}))
}

func TestReachable(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:8080": "127.0.0.1:8080", "0.0.0.0:8080": "127.0.0.1:8080", "[::]:80": "127.0.0.1:80", ":80": "127.0.0.1:80",
		"[::1]:80": "[::1]:80", "example.com:80": "example.com:80", "nonsense": "nonsense",
	} {
		require.Equal(t, want, Reachable(address))
	}
}

func TestLogSink(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway-1.log")
	view := &recorder{}
	sink, err := newLogSink("gateway-1", path, view)
	require.NoError(t, err)
	for _, piece := range []string{"one\ntw", "o\r\n", "", "three\n\xff\n" + strings.Repeat("x", maxLogLine+10) + "\nlast"} {
		n, err := sink.Write([]byte(piece))
		require.NoError(t, err)
		require.Equal(t, len(piece), n)
	}
	require.NoError(t, sink.close())
	want := []string{"one", "two", "three", "\uFFFD", strings.Repeat("x", maxLogLine), strings.Repeat("x", 10), "last"}
	require.Equal(t, want, sink.lastLines())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, strings.Join(want, "\n")+"\n", string(text))
	require.Len(t, view.logs, len(want))
	require.Equal(t, "gateway-1: one", view.logs[0])
}

func TestLogSinkRotates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway-1.log")
	sink, err := newLogSink("gateway-1", path, &recorder{})
	require.NoError(t, err)
	megabyte := bytes.Repeat([]byte(strings.Repeat("x", 1023)+"\n"), 1024)
	for range 40 {
		_, err := sink.Write(megabyte)
		require.NoError(t, err)
	}
	require.NoError(t, sink.close())
	for _, name := range []string{path, path + ".1"} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		require.LessOrEqual(t, info.Size(), int64(maxLogFile))
	}
	require.Len(t, sink.lastLines(), tailLines)
}
