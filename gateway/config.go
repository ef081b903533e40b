package gateway

import "time"

// Config is everything that can be set about a gateway; each field is a flag of `starling gateway` and is documented there
// and in docs/configuration.md. [DefaultConfig] suits a process with 1 GiB of memory.
type Config struct {
	// Listen is the clients' address, as host:port.
	Listen string
	// AdminListen is the address of metrics, health, status and drain, as host:port.
	AdminListen string
	// MeshListen is the address of memberlist and peer links, UDP and TCP, as host:port.
	MeshListen string
	// MeshAdvertise is the mesh address that peers should use, as host or host:port; empty: found out.
	MeshAdvertise string
	// Join lists the mesh addresses of other gateways, as host:port; names are resolved again and again.
	Join []string
	// NodeName names this gateway to people; empty: the host's name.
	NodeName string
	// Cluster keeps clusters on one network apart: only gateways with the same one meet.
	Cluster string
	// MeshKeyFile holds the cluster's keys; empty: none, and then only loopback addresses are allowed.
	MeshKeyFile string

	// Anonymous takes the member id that a client gives.
	Anonymous bool
	// JWTKeyFiles hold the keys that members' tokens are signed with, each as PATH or ALGORITHM:PATH. They are read again when they change.
	JWTKeyFiles []string
	// JWKSURL is the address of a JWK Set with more keys; empty: none.
	JWKSURL string
	// JWTIssuer is what a token's iss must be; empty: anything.
	JWTIssuer string
	// JWTAudiences are those of which a token's aud must name one; empty: anything.
	JWTAudiences []string
	// JWTLeeway is the difference of clocks that a token's times may show.
	JWTLeeway time.Duration
	// AuthRules say what members may do in which channels, as JSON or as @ and the path of a file; empty: everything.
	AuthRules string
	// TokenInQuery also takes a token from the query string, where logs may keep it.
	TokenInQuery bool
	// APIKeysFiles hold the keys of the HTTP API. They are read again when they change; none: the API is off.
	APIKeysFiles []string
	// AllowedOrigins are the web origins, besides the gateway's own, whose pages may connect.
	AllowedOrigins []string
	// TrustedProxies are the networks, as CIDR or single addresses, of the proxies that are believed about whom they forward for.
	TrustedProxies []string
	// Demo serves the demo page at /.
	Demo bool
	// UIActions lets the dashboard change something: begin and cancel drains, disconnect members.
	UIActions bool

	// TypingTTL ends a typing flag that was not refreshed; 0: never.
	TypingTTL time.Duration
	// DisconnectGrace is how long a member whose connection vanished stays present.
	DisconnectGrace time.Duration
	// NodeGrace is the same for the members of a gateway that vanished.
	NodeGrace time.Duration

	Limits Limits

	// Heartbeat is how often the server pings and a client should send something; after twice that in silence the
	// connection is closed.
	Heartbeat time.Duration
	// HandshakeTimeout bounds the time from accepting a connection to the end of its upgrade.
	HandshakeTimeout time.Duration
	// Deregister is how long a gateway that drains still takes clients, while load balancers let go of it.
	Deregister time.Duration
	// DrainWindow is how long its clients then have to move to other gateways.
	DrainWindow time.Duration
	// DrainClose is how long the closing of those that have not moved is spread over, and may take.
	DrainClose time.Duration
	// Rebalance asks clients to connect again, some at a time, while this gateway has more of them than the others.
	Rebalance bool

	// TracingEndpoint is the OTLP/HTTP address that traces are sent to; empty: there are none.
	TracingEndpoint string
	// TracingSampleRatio is the share of upgrades, joins and publishes that are traced, 0 to 1.
	TracingSampleRatio float64
	// TracingMaxPerSecond bounds the traces that begin in a second.
	TracingMaxPerSecond int

	// LogFormat is "text" or "json".
	LogFormat string
	// LogLevel is "debug", "info", "warn" or "error".
	LogLevel string
	// LogLinesPerSecond is how many lines that are alike, of those that clients and peers can cause, are logged a second; 0: all.
	LogLinesPerSecond int
}

// DefaultConfig returns the defaults of all flags. It names no way to authenticate, so it is not valid as it is.
func DefaultConfig() Config {
	return Config{
		Listen:          ":8080",
		AdminListen:     ":9090",
		MeshListen:      ":7946",
		Cluster:         "default",
		JWTLeeway:       5 * time.Second,
		TypingTTL:       5 * time.Second,
		DisconnectGrace: 5 * time.Second,
		NodeGrace:       10 * time.Second,
		Limits: Limits{
			Connections:                 20_000,
			AcceptPerSecond:             1_000,
			AcceptQueue:                 1_000,
			Channels:                    100_000,
			ChannelsPerConnection:       100,
			PresenceEntries:             200_000,
			JoinsPerSecond:              10_000,
			JoinsPerSecondPerConnection: 20,
			RateLimiters:                100_000,
			HastyRequests:               1_000,
			BadFrames:                   60,
			SnapshotMembers:             1_000,
			MessageBytes:                64 << 10,
			UnfinishedBytes:             64 << 20,
			SendQueueBytes:              256 << 10,
			LinkQueueBytes:              16 << 20,
			APIRequestsPerSecond:        1_000,
			APIRequestBytes:             1 << 20,
			APIBatch:                    100,
		},
		Heartbeat:        15 * time.Second,
		HandshakeTimeout: 10 * time.Second,
		Deregister:       5 * time.Second,
		DrainWindow:      30 * time.Second,
		DrainClose:       5 * time.Second,

		TracingSampleRatio:  0.01,
		TracingMaxPerSecond: 100,

		LogFormat: "text",
		LogLevel:  "info",

		LogLinesPerSecond: 10,
	}
}
