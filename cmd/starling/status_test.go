package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
)

// admin starts a gateway and returns the address of its admin side.
func admin(t *testing.T) string {
	t.Helper()
	cfg := gateway.DefaultConfig()
	cfg.Anonymous, cfg.NodeName, cfg.Cluster = true, "gw-0", "chat"
	g, err := gateway.New(cfg, gateway.Options{})
	require.NoError(t, err)
	server := httptest.NewServer(g.AdminHandler())
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, g.Close(context.Background()))
	})
	return server.URL
}

func TestStatusOfARealGateway(t *testing.T) {
	address := admin(t)
	code, out, errs := call(t, "status", "--address", address)
	require.Equal(t, exitOK, code, errs)
	require.Contains(t, out, "Cluster chat: 1 gateway, 1 ready; 0 connections, 0 members in 0 channels\n")
	require.Regexp(t, `\ngw-0 +yes +0 `, out)
	for format, want := range map[string]string{"json": `"node": "gw-0"`, "yaml": "  node: gw-0\n", "wide": "BOOT"} {
		code, out, errs = call(t, "status", "--address", strings.TrimPrefix(address, "http://"), "-o", format)
		require.Equal(t, exitOK, code, errs)
		require.Contains(t, out, want)
	}
}

func TestStatusTellsWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"refused":      {[]string{"--address", gone.URL}, exitError, "starling: nobody listens at " + gone.URL},
		"address":      {[]string{"--address", "ftp://x"}, exitUsage, `starling: --address is "ftp://x"`},
		"output":       {[]string{"-o", "xml"}, exitUsage, `starling: --output is "xml", must be table, wide, json or yaml`},
		"every":        {[]string{"--every", "1ms"}, exitUsage, "starling: --every is 1ms, must be at least 100ms"},
		"no key file":  {[]string{"--api-key-file", dir + "/none"}, exitError, "starling: --api-key-file: open " + dir + "/none"},
		"no key in it": {[]string{"--api-key-file", empty}, exitError, "starling: --api-key-file: want one API key on one line"},
		"key as flag":  {[]string{"--api-key", "secret"}, exitUsage, "unknown flag: --api-key (try: starling status --help)"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errs := call(t, append([]string{"status"}, test.args...)...)
			require.Equal(t, test.code, code)
			require.Contains(t, errs, test.want)
			require.NotContains(t, errs, "secret")
		})
	}
}

func TestAPIKeyComesFromAFileOrTheEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(path, []byte("from-file\n"), 0o600))
	env := func(string) string { return " from-env " }
	key, err := readAPIKey(path, env)
	require.NoError(t, err)
	require.Equal(t, "from-file", key)
	key, err = readAPIKey("", env)
	require.NoError(t, err)
	require.Equal(t, "from-env", key)
}

func TestWatchGoesOnAfterAnError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	looks := 0
	err := (&statusFlags{every: time.Millisecond}).again(ctx, streams{out: &out}, func(text *bytes.Buffer) error {
		switch looks++; looks {
		case 1:
			text.WriteString("first\n")
		case 2:
			return errors.New("it restarts")
		case 3:
			text.WriteString("third\n")
		default:
			cancel()
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, "first\n\nstarling: it restarts\n\nthird\n\n", out.String())
}
