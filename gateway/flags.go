package gateway

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// envPrefix begins the environment variable of every flag.
const envPrefix = "STARLING_"

// BindFlags adds a flag for every field to the set. What the config holds at the time is the flags' default, so begin with
// [DefaultConfig].
func (c *Config) BindFlags(fs *pflag.FlagSet) {
	c.bindAddresses(fs)
	c.bindClients(fs)
	c.bindTimes(fs)
	c.Limits.bind(fs)
	fs.StringVar(&c.TracingEndpoint, "tracing-endpoint", c.TracingEndpoint,
		"address that OpenTelemetry traces are sent to, by OTLP over HTTP, such as http://tempo:4318 (default: there are no traces)")
	fs.Float64Var(&c.TracingSampleRatio, "tracing-sample-ratio", c.TracingSampleRatio,
		"share of upgrades, joins and publishes that are traced, 0 to 1; those that come with a W3C traceparent are if that says so")
	fs.IntVar(&c.TracingMaxPerSecond, "tracing-max-per-second", c.TracingMaxPerSecond,
		"most traces that begin in a second, whatever the ratio is and clients ask for")
	fs.StringVar(&c.LogFormat, "log-format", c.LogFormat, "format of the log on standard error: text or json")
	fs.StringVar(&c.LogLevel, "log-level", c.LogLevel, "least level that is logged: debug, info, warn or error")
	fs.IntVar(&c.LogLinesPerSecond, "log-lines-per-second", c.LogLinesPerSecond,
		"most lines a second that are alike, of those that clients and peers can cause; how many were left out is logged; 0: all are logged")
}

func (c *Config) bindAddresses(fs *pflag.FlagSet) {
	fs.StringVar(&c.Listen, "listen", c.Listen, "address for clients, host:port")
	fs.StringVar(&c.AdminListen, "admin-listen", c.AdminListen, "address for metrics, health, status and drain, host:port")
	fs.StringVar(&c.MeshListen, "mesh-listen", c.MeshListen, "address for other gateways, UDP and TCP, host:port")
	fs.StringVar(&c.MeshAdvertise, "mesh-advertise", c.MeshAdvertise,
		"mesh address that other gateways should use, host or host:port (default: found out)")
	fs.StringSliceVar(&c.Join, "join", c.Join,
		"mesh addresses of other gateways, host:port, separated by commas; names are resolved again every 10 s")
	fs.StringVar(&c.NodeName, "node-name", c.NodeName, "name of this gateway for people (default: the host's name)")
	fs.StringVar(&c.Cluster, "cluster", c.Cluster, "name of the cluster; only gateways with the same one meet")
	fs.StringVar(&c.MeshKeyFile, "mesh-key-file", c.MeshKeyFile,
		"file with the cluster's keys: 32 bytes in base64, one a line, the first one primary; "+
			"without it --mesh-listen must be a loopback address")
}

func (c *Config) bindClients(fs *pflag.FlagSet) {
	fs.BoolVar(&c.Anonymous, "anonymous", c.Anonymous, "let every client choose its member id, with ?member=; for trials and trusted networks")
	fs.StringSliceVar(&c.JWTKeyFiles, "jwt-key-file", c.JWTKeyFiles,
		"file with a key that members' tokens are signed with, as PATH or ALGORITHM:PATH: PEM, JWK or a shared secret; "+
			"may be repeated, and is read again when it changes")
	fs.StringVar(&c.JWKSURL, "jwks-url", c.JWKSURL, "https address of a JWK Set with the public keys of members' tokens")
	fs.StringVar(&c.JWTIssuer, "jwt-issuer", c.JWTIssuer, "what a token's iss must be (default: anything)")
	fs.StringSliceVar(&c.JWTAudiences, "jwt-audience", c.JWTAudiences,
		"what a token's aud must name, one of these, separated by commas (default: anything)")
	fs.DurationVar(&c.JWTLeeway, "jwt-leeway", c.JWTLeeway, "difference of clocks that a token's times may show")
	fs.StringVar(&c.AuthRules, "auth-rules", c.AuthRules,
		"JSON list of what members may do in which channels, or @ and the path of a file with it; what no rule allows is then forbidden "+
			"(default: everything is allowed)")
	fs.BoolVar(&c.TokenInQuery, "token-in-query", c.TokenInQuery, "also take a token from ?token=, where the logs of proxies may keep it")
	fs.StringSliceVar(&c.APIKeysFiles, "api-keys-file", c.APIKeysFiles,
		"file with keys of the HTTP API, one a line as NAME KEY; may be repeated, and is read again when it changes (default: the API is off)")
	fs.StringSliceVar(&c.AllowedOrigins, "allowed-origins", c.AllowedOrigins,
		"web origins besides the gateway's own whose pages may connect, as scheme://host[:port], separated by commas")
	fs.StringSliceVar(&c.TrustedProxies, "trusted-proxies", c.TrustedProxies,
		"networks of the proxies in front of this gateway, as CIDR or single addresses, separated by commas: where a request comes from one, "+
			"the client's address is the last one in X-Forwarded-For that is none of them (default: the address of the socket's peer)")
	fs.BoolVar(&c.Demo, "demo", c.Demo, "serve the demo page at /")
	fs.BoolVar(&c.UIActions, "ui-actions", c.UIActions,
		"let the dashboard on the admin port begin and cancel drains and disconnect members")
}

func (c *Config) bindTimes(fs *pflag.FlagSet) {
	fs.DurationVar(&c.TypingTTL, "typing-ttl", c.TypingTTL, "how long a typing flag lasts unless refreshed; 0: until it is cleared")
	fs.DurationVar(&c.DisconnectGrace, "disconnect-grace", c.DisconnectGrace, "how long a member whose connection vanished stays present")
	fs.DurationVar(&c.NodeGrace, "node-grace", c.NodeGrace, "how long the members of a gateway that vanished stay present")
	fs.DurationVar(&c.Heartbeat, "heartbeat", c.Heartbeat, "time between pings; a connection silent for twice that is closed")
	fs.DurationVar(&c.HandshakeTimeout, "handshake-timeout", c.HandshakeTimeout, "most time that a client may take until its upgrade is done")
	fs.DurationVar(&c.Deregister, "deregister", c.Deregister,
		"how long a gateway that drains still takes clients, while load balancers let go of it")
	fs.DurationVar(&c.DrainWindow, "drain-window", c.DrainWindow, "how long its clients then have to move to other gateways")
	fs.DurationVar(&c.DrainClose, "drain-close", c.DrainClose, "how long the closing of those that have not moved is spread over")
	fs.BoolVar(&c.Rebalance, "rebalance", c.Rebalance,
		"ask clients to connect again, some at a time, while this gateway has notably more of them than the others")
}

// ReadEnvironment sets every flag of the set that the command line did not set from its environment variable, STARLING_ and the
// flag's name in upper case with underscores; getenv is [os.LookupEnv]. An empty variable counts as not set. The error
// names the variable.
func ReadEnvironment(fs *pflag.FlagSet, getenv func(string) (string, bool)) error {
	var first error
	fs.VisitAll(func(f *pflag.Flag) {
		name := EnvironmentName(f.Name)
		value, ok := getenv(name)
		if f.Changed || !ok || value == "" || first != nil {
			return
		}
		if err := fs.Set(f.Name, value); err != nil {
			first = fmt.Errorf("environment variable %s: %w", name, err)
		}
	})
	return first
}

// EnvironmentName returns the environment variable of a flag.
func EnvironmentName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}
