package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

// call runs one command line with an empty stdin.
func call(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	stdin, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer stdin.Close()
	var stdout, stderr bytes.Buffer
	code = run(args, streams{in: stdin, out: &stdout, err: &stderr})
	return code, stdout.String(), stderr.String()
}

func TestVersion(t *testing.T) {
	code, out, errs := call(t, "version")
	require.Equal(t, exitOK, code, errs)
	require.Regexp(t, `^starling \S+ \(go\S+, \w+/\w+\)\n$`, out)

	code, out, errs = call(t, "version", "-o", "json")
	require.Equal(t, exitOK, code, errs)
	var info versionInfo
	require.NoError(t, json.Unmarshal([]byte(out), &info))
	require.NotEmpty(t, info.Version)
}

func TestHelp(t *testing.T) {
	code, out, _ := call(t)
	require.Equal(t, exitOK, code)
	for _, command := range []string{"bench", "gateway", "status", "up", "version"} {
		require.Regexp(t, `\n  `+command+` +[A-Z]`, out)
	}
	code, out, _ = call(t, "gateway", "--help")
	require.Equal(t, exitOK, code)
	require.Contains(t, out, "--max-connections int")
	require.NotContains(t, out, supervisorDirFlag)
}

func TestMistakes(t *testing.T) {
	dir := t.TempDir()
	write := func(name, spec string) string {
		path := filepath.Join(dir, name)
		text := "apiVersion: realtime.starling.dev/v1alpha1\nkind: RealtimeCluster\nmetadata: {name: chat}\nspec: " + spec
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	anonymous := write("anonymous.yaml", "{auth: {type: Anonymous}}")
	jwt := write("jwt.yaml", "{auth: {type: JWT, jwt: {keys: [{name: a, secretRef: {name: s, key: k}}]}}}")
	misspelt := write("misspelt.yaml", "{presense: {}, auth: {type: Anonymous}}")

	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"unknown command":        {[]string{"gatway"}, exitUsage, `starling: unknown command "gatway", did you mean "gateway"? (try: starling --help)` + "\n"},
		"nothing like a command": {[]string{"xyzzy"}, exitUsage, `starling: unknown command "xyzzy" (try: starling --help)` + "\n"},
		"unknown flag":           {[]string{"gateway", "--max-connexions=1"}, exitUsage, "starling: unknown flag: --max-connexions, did you mean --max-connections? (try: starling gateway --help)\n"},
		"wrong value":            {[]string{"gateway", "--max-connections=many"}, exitUsage, `starling: invalid argument "many" for "--max-connections"`},
		"argument":               {[]string{"version", "now"}, exitUsage, `starling: unknown command "now" for "starling version" (try: starling version --help)` + "\n"},
		"wrong output":           {[]string{"version", "-o", "yaml"}, exitUsage, `starling: --output is "yaml", must be text or json` + "\n"},
		"no authentication":      {[]string{"gateway", "--mesh-listen=127.0.0.1:0"}, exitUsage, "starling: neither --jwt-key-file nor --anonymous is given"},
		"no such scenario":       {[]string{"bench", "fanuot"}, exitUsage, `starling: unknown command "fanuot", did you mean "fanout"? (try: starling bench --help)` + "\n"},
		"argument of bench":      {[]string{"bench", "idle", "--heartbeat=1s"}, exitUsage, "starling: unknown flag: --heartbeat"},
		"argument before --":     {[]string{"bench", "idle", "heartbeat"}, exitUsage, `starling: unexpected argument "heartbeat": flags for the gateways come after --`},
		"tiny payload":           {[]string{"bench", "fanout", "--payload=1"}, exitUsage, "starling: --payload is 1, must be 56 to 1048576\n"},
		"uneven rooms":           {[]string{"bench", "rooms", "--connections=7777"}, exitUsage, "starling: --channels x --members is 100000, must be a multiple of --connections, 7777\n"},
		"address and gateways":   {[]string{"bench", "idle", "--address=ws://127.0.0.1:1", "--gateways=2"}, exitUsage, "starling: --gateways and --address exclude each other"},
		"key without address":    {[]string{"bench", "idle", "--pid=1"}, exitUsage, "are for gateways that run: name them with --address"},
		"way to identify":        {[]string{"bench", "idle", "--auth=none"}, exitUsage, `starling: --auth is "none", must be anonymous, hs256 or es256` + "\n"},
		"no manifest":            {[]string{"up"}, exitUsage, "starling: name the cluster's manifest: starling up -f config/samples/realtimecluster.yaml\n"},
		"no such manifest":       {[]string{"up", "-f", dir + "/none.yaml"}, exitError, "starling: reading the manifest: open " + dir + "/none.yaml: no such file"},
		"empty stdin":            {[]string{"up", "-f", "-"}, exitError, "starling: -: there is no object in it, must be one RealtimeCluster"},
		"misspelt field":         {[]string{"up", "-f", misspelt}, exitError, "starling: " + misspelt + `: spec.presense: unknown field, did you mean "presence"?` + "\n"},
		"too many replicas":      {[]string{"up", "-f", anonymous, "--replicas=99"}, exitError, "spec.replicas: is 99, must be 1 to 20 on one machine"},
		"JWT without key":        {[]string{"up", "-f", jwt}, exitError, "name its file with --jwt-key-file"},
		"JWT with a missing key": {[]string{"up", "-f", jwt, "--jwt-key-file", dir + "/none"}, exitError, "--jwt-key-file: open " + dir + "/none: no such file"},
		"impossible timeout":     {[]string{"up", "-f", anonymous, "--shutdown-timeout=-1s"}, exitError, "--shutdown-timeout is -1s, want 0s to 1h0m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := call(t, test.args...)
			require.Equal(t, test.code, code, errs)
			require.Contains(t, errs, test.want)
			require.Empty(t, out)
		})
	}
}

func TestGatewayReadsTheEnvironment(t *testing.T) {
	t.Setenv("STARLING_MAX_CONNECTIONS", "many")
	code, _, errs := call(t, "gateway", "--anonymous")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "STARLING_MAX_CONNECTIONS")

	t.Setenv("STARLING_SUPERVISOR_DIR", "/")
	t.Setenv("STARLING_HELP", "true")
	_, _, errs = call(t, "gateway", "--max-connections=0", "--anonymous", "--mesh-listen=127.0.0.1:0")
	require.Contains(t, errs, "--max-connections is 0", "a flag wins over the environment, and hidden flags are not in it")
}

func TestSamples(t *testing.T) {
	key := filepath.Join(t.TempDir(), "jwt.key")
	require.NoError(t, os.WriteFile(key, bytes.Repeat([]byte("k"), 32), 0o600))
	for _, test := range []struct {
		file string
		keys []string
	}{
		{"realtimecluster.yaml", nil},
		{"realtimecluster-jwt.yaml", []string{"HS256:" + key}},
	} {
		flags := defaultUpFlags()
		flags.file, flags.jwtKeyFiles = filepath.Join("..", "..", "config", "samples", test.file), test.keys
		set := newUp(streams{}).Flags()
		opts, err := flags.options(set, streams{out: &bytes.Buffer{}})
		require.NoError(t, err, test.file)
		require.EqualValues(t, 3, *opts.Cluster.Spec.Replicas)
	}
}

func TestUpLetsPagesOfOtherOriginsIn(t *testing.T) {
	flags := defaultUpFlags()
	flags.file = filepath.Join("..", "..", "config", "samples", "realtimecluster.yaml")
	flags.allowedOrigins = []string{"http://127.0.0.1:8000"}
	opts, err := flags.options(newUp(streams{}).Flags(), streams{out: &bytes.Buffer{}})
	require.NoError(t, err)
	require.Equal(t, []v1alpha1.Origin{"http://127.0.0.1:8000"}, opts.Cluster.Spec.Auth.AllowedOrigins)

	code, _, errs := call(t, "up", "-f", flags.file, "--allowed-origins", "127.0.0.1:8000")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "--allowed-origins: ")
}
