package gateway_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/mesh/keyring"
)

// valid returns settings that [gateway.Config.Validate] accepts.
func valid() gateway.Config {
	c := gateway.DefaultConfig()
	c.Anonymous, c.MeshListen = true, "127.0.0.1:0"
	return c
}

func TestDefaultsNeedAWayToAuthenticateAndAKey(t *testing.T) {
	c := gateway.DefaultConfig()
	err := c.Validate()
	require.ErrorContains(t, err, "neither --jwt-key-file nor --anonymous is given")
	require.ErrorContains(t, err, "--mesh-key-file is not given")
	c = valid()
	require.NoError(t, c.Validate())
}

func TestValidateNamesTheFlag(t *testing.T) {
	for want, edit := range map[string]func(*gateway.Config){
		"--anonymous and --jwt-key-file exclude":   func(c *gateway.Config) { c.JWTKeyFiles = []string{"key"} },
		"--anonymous and --jwks-url exclude":       func(c *gateway.Config) { c.JWKSURL = "https://id.example/keys" },
		"--jwks-url: the address":                  func(c *gateway.Config) { c.Anonymous, c.JWKSURL = false, "http://id.example/keys" },
		"--jwt-key-file: \"HS256:\" names no file": func(c *gateway.Config) { c.Anonymous, c.JWTKeyFiles = false, []string{"HS256:"} },
		"--jwt-audience has an empty entry": func(c *gateway.Config) {
			c.Anonymous, c.JWTKeyFiles, c.JWTAudiences = false, []string{"k"}, []string{""}
		},
		"--jwt-leeway is 1h0m0s":                  func(c *gateway.Config) { c.JWTLeeway = time.Hour },
		"--jwt-issuer and --jwt-audience have no": func(c *gateway.Config) { c.JWTIssuer = "x" },
		"--token-in-query has no meaning":         func(c *gateway.Config) { c.TokenInQuery = true },
		`--listen is "8080", want host:port`:      func(c *gateway.Config) { c.Listen = "8080" },
		`--admin-listen is ":http", want a port`:  func(c *gateway.Config) { c.AdminListen = ":http" },
		`not ":7946"`:                             func(c *gateway.Config) { c.MeshListen = ":7946" },
		"--mesh-advertise must be a loopback":     func(c *gateway.Config) { c.MeshAdvertise = "10.1.2.3" },
		`--mesh-advertise is "127.0.0.1:99999"`:   func(c *gateway.Config) { c.MeshAdvertise = "127.0.0.1:99999" },
		`--join has "gateways"`:                   func(c *gateway.Config) { c.Join = []string{"gateways"} },
		"--cluster: cluster name":                 func(c *gateway.Config) { c.Cluster = "" },
		"--node-name is":                          func(c *gateway.Config) { c.NodeName = strings.Repeat("x", 101) },
		"--heartbeat is 1ms, want 100ms to 10m0s": func(c *gateway.Config) { c.Heartbeat = time.Millisecond },
		"--typing-ttl is -1s, want 0s to 1h0m0s":  func(c *gateway.Config) { c.TypingTTL = -time.Second },
		"--max-connections is 0, want 1 to":       func(c *gateway.Config) { c.Limits.Connections = 0 },
		"--max-message-bytes is 1, want 1024":     func(c *gateway.Config) { c.Limits.MessageBytes = 1 },
		`--log-format is "xml", want one of`:      func(c *gateway.Config) { c.LogFormat = "xml" },
		`--log-level is "trace", want one of`:     func(c *gateway.Config) { c.LogLevel = "trace" },
		"--deregister is -1s, want 0s to 1h0m0s":  func(c *gateway.Config) { c.Deregister = -time.Second },
		"--drain-window is 2h0m0s, want 0s to":    func(c *gateway.Config) { c.DrainWindow = 2 * time.Hour },
		"--drain-close is 2h0m0s, want 0s to":     func(c *gateway.Config) { c.DrainClose = 2 * time.Hour },
		"--accept-per-second is 0, want 1 to":     func(c *gateway.Config) { c.Limits.AcceptPerSecond = 0 },
		"--accept-queue is -1, want 0 to":         func(c *gateway.Config) { c.Limits.AcceptQueue = -1 },
		"--messages-per-second-per-member is -1":  func(c *gateway.Config) { c.Limits.MessagesPerMember.PerSecond = -1 },
		"--message-burst-per-channel is 5, but":   func(c *gateway.Config) { c.Limits.MessagesPerChannel.Burst = 5 },
		"--accept-burst-per-address is 5, but":    func(c *gateway.Config) { c.Limits.AcceptBurstPerAddress = 5 },
		"--max-rate-limiters is 0, want 1 to":     func(c *gateway.Config) { c.Limits.RateLimiters = 0 },
		"--max-hasty-requests is 0, want 1 to":    func(c *gateway.Config) { c.Limits.HastyRequests = 0 },
		`--trusted-proxies has "10.0.0.0/33"`:     func(c *gateway.Config) { c.TrustedProxies = []string{"10.0.0.0/33"} },
		"--allowed-origins":                       func(c *gateway.Config) { c.AllowedOrigins = []string{"not an origin"} },
	} {
		c := valid()
		edit(&c)
		require.ErrorContains(t, c.Validate(), want)
	}
}

func TestMeshKeyAllowsEveryAddress(t *testing.T) {
	c := valid()
	c.MeshListen, c.MeshAdvertise, c.MeshKeyFile = ":7946", "10.1.2.3:7946", "keys"
	c.Join = []string{"gateways.example.com:7946", "[::1]:7946"}
	require.NoError(t, c.Validate())
}

func TestEnvironmentFillsWhatTheCommandLineLeaves(t *testing.T) {
	env := map[string]string{
		"STARLING_LISTEN": "127.0.0.1:1", "STARLING_MAX_CONNECTIONS": "7", "STARLING_JOIN": "a:1,b:2", "STARLING_ANONYMOUS": "true",
		"STARLING_TYPING_TTL": "3s", "STARLING_CLUSTER": "", "STARLING_ADMIN_LISTEN": "127.0.0.1:2",
	}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	c := gateway.DefaultConfig()
	fs := pflag.NewFlagSet("gateway", pflag.ContinueOnError)
	c.BindFlags(fs)
	require.NoError(t, fs.Parse([]string{"--listen", "127.0.0.1:9"}))
	require.NoError(t, gateway.ReadEnvironment(fs, lookup))
	want := gateway.DefaultConfig()
	want.Listen, want.AdminListen, want.Limits.Connections = "127.0.0.1:9", "127.0.0.1:2", 7
	want.Join, want.Anonymous, want.TypingTTL = []string{"a:1", "b:2"}, true, 3*time.Second
	require.Equal(t, want, c)

	env["STARLING_HEARTBEAT"] = "soon"
	require.ErrorContains(t, gateway.ReadEnvironment(fs, lookup), "STARLING_HEARTBEAT")
}

func TestFlagsSetEveryField(t *testing.T) {
	c := gateway.DefaultConfig()
	fs := pflag.NewFlagSet("gateway", pflag.ContinueOnError)
	c.BindFlags(fs)
	fs.VisitAll(func(f *pflag.Flag) { require.NotEmpty(t, f.Usage, f.Name) })
	for _, name := range []string{"max-connections-per-address", "joins-per-second", "send-queue-bytes", "link-queue-bytes", "demo", "token-in-query"} {
		require.NotNil(t, fs.Lookup(name), name)
	}
	require.Equal(t, "STARLING_MAX_MESSAGE_BYTES", gateway.EnvironmentName("max-message-bytes"))
}

func TestRunRefusesBadSettings(t *testing.T) {
	logger := slog.New(slog.DiscardHandler)
	require.ErrorContains(t, gateway.Run(context.Background(), gateway.DefaultConfig(), logger), "--anonymous")
	c := valid()
	c.MeshKeyFile = "/no/such/file"
	require.ErrorContains(t, gateway.Run(context.Background(), c, logger), "--mesh-key-file")
	c = valid()
	c.Listen = "192.0.2.1:80"
	require.ErrorContains(t, gateway.Run(context.Background(), c, logger), "--listen")
}

func TestRunServesUntilToldToStop(t *testing.T) {
	c := valid()
	c.Listen, c.AdminListen = "127.0.0.1:0", "127.0.0.1:0"
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	started := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- gateway.Run(ctx, c, slog.New(slog.NewTextHandler(signalOn{started, "gateway runs"}, nil)))
	}()
	<-started
	cancel()
	require.NoError(t, <-done)
}

func TestRunFollowsItsKeyFile(t *testing.T) {
	c := valid()
	c.Listen, c.AdminListen, c.MeshListen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	c.MeshKeyFile = filepath.Join(t.TempDir(), "keys")
	old, next := keyring.NewKey(), keyring.NewKey()
	require.NoError(t, os.WriteFile(c.MeshKeyFile, []byte(old.Encode()), 0o600))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	runs, changed := make(chan struct{}), make(chan struct{})
	log := io.MultiWriter(signalOn{runs, "gateway runs"}, signalOn{changed, "accepted=\"[" + next.ID() + " " + old.ID()})
	done := make(chan error, 1)
	go func() { done <- gateway.Run(ctx, c, slog.New(slog.NewTextHandler(log, nil))) }()
	<-runs // or it could find the new key at once, and no change
	require.NoError(t, os.WriteFile(c.MeshKeyFile+".new", []byte(next.Encode()), 0o600))
	require.NoError(t, os.Rename(c.MeshKeyFile+".new", c.MeshKeyFile))
	<-changed
	cancel()
	require.NoError(t, <-done)
}

// signalOn closes a channel when a text is logged, which happens once.
type signalOn struct {
	seen chan struct{}
	text string
}

func (w signalOn) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.text) {
		close(w.seen)
	}
	return len(p), nil
}
