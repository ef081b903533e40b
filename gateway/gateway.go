package gateway

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/starling-realtime/starling/gateway/apikey"
	"github.com/starling-realtime/starling/gateway/auth"
	"github.com/starling-realtime/starling/gateway/dedupe"
	"github.com/starling-realtime/starling/gateway/fanout"
	"github.com/starling-realtime/starling/gateway/httpapi"
	"github.com/starling-realtime/starling/gateway/logsample"
	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/gateway/pacing"
	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/gateway/recentlog"
	"github.com/starling-realtime/starling/gateway/tracing"
	"github.com/starling-realtime/starling/hub"
)

// A Gateway serves clients. Make one with [New] and end it with [Gateway.Close]; all methods are safe for concurrent use.
type Gateway struct {
	cfg     Config
	node    string
	boot    hub.Boot
	started time.Time
	logger  *slog.Logger
	// clientLog is for what clients and peers can cause at any rate; logSampler leaves lines of it out.
	clientLog  *slog.Logger
	logSampler *logsample.Sampler
	registry   *prometheus.Registry
	metrics    *metrics
	tracer     *tracing.Tracer // nil: nothing is traced

	auth      auth.Authenticator
	tokenKeys *auth.KeyStore // nil: there are none
	apiKeys   *apikey.Store  // nil: there are none
	rules     *auth.Rules    // nil: everything is allowed
	origins   *auth.OriginPolicy
	isAdmin   func(token string) bool // nil: nobody is
	upgrader  websocket.Upgrader

	hub  *hub.Hub
	pool *fanout.Pool
	keys *dedupe.Cache
	// meshKeys is nil where none were given.
	meshKeys *keyring.Keyring
	cluster  Cluster // nil: alone

	api       *httpapi.API
	apiPace   apiPace
	ids       idSource
	admission *admission
	door      *pacing.Door
	inside    *rate.Limiter // of refusals inside a connection
	joins     *rate.Limiter
	rates     rates
	proxies   proxies
	roster    roster
	directory directory
	ready     readiness
	refusing  atomic.Bool
	// unfinished is how many bytes of messages wait for the rest of them.
	unfinished atomic.Int64
	farewells  atomic.Int64 // refused handshakes that are being told why inside a connection
	drain      drain
	recent     *recentlog.Ring
	sampler    sampler
	rebalance  *rebalancer // nil: it does not
	pingFrame  []byte
	buffers    sync.Pool // of *bytes.Buffer, for messages while they are handled

	// ctx ends all waits when the gateway closes; tasks counts its goroutines.
	ctx    context.Context
	cancel context.CancelCauseFunc
	tasks  tasks
	once   sync.Once
}

// New returns a gateway that works: its goroutines run and its cluster, if it has one, looks for others. The addresses and the
// log settings of the config are not used; use [Run] for these. The error names the flag that is wrong.
func New(cfg Config, opts Options) (*Gateway, error) {
	if err := cfg.validateServer(); err != nil {
		return nil, fmt.Errorf("gateway settings: %w", err)
	}
	g, err := assemble(cfg, opts)
	if err != nil {
		return nil, err
	}
	if err := g.connect(opts); err != nil {
		g.abandon()
		return nil, err
	}
	g.sampler.last = g.takeSample()
	g.tasks.start(g.sweep)
	g.tasks.start(g.sample)
	if g.tokenKeys != nil {
		g.tasks.start(func() { g.tokenKeys.Run(g.ctx) })
	}
	if g.apiKeys != nil {
		g.tasks.start(func() { g.apiKeys.Run(g.ctx) })
	}
	if g.rebalance != nil {
		g.tasks.start(func() { g.rebalance.run(g.ctx) })
	}
	return g, nil
}

// assemble makes everything that does not depend on the cluster.
func assemble(cfg Config, opts Options) (*Gateway, error) {
	origins, err := auth.NewOriginPolicy(cfg.AllowedOrigins)
	if err != nil {
		return nil, fmt.Errorf("--allowed-origins: %w", err)
	}
	logger := opts.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	node, recent := nodeName(cfg), new(recentlog.Ring)
	logger = slog.New(recent.Handler(logger.With("gateway", node).Handler()))
	authenticator, tokenKeys := opts.Authenticator, (*auth.KeyStore)(nil)
	if authenticator == nil {
		if authenticator, tokenKeys, err = newAuthenticator(cfg, logger); err != nil {
			return nil, err
		}
	}
	apiKeys, err := openAPIKeys(cfg, logger)
	if err != nil {
		return nil, err
	}
	rules, err := cfg.rules()
	if err != nil {
		return nil, err
	}
	trusted, err := parseProxies(cfg.TrustedProxies)
	if err != nil {
		return nil, err
	}
	pool, err := fanout.NewPool(fanoutOptions(cfg))
	if err != nil {
		return nil, fmt.Errorf("starting the writers: %w", err)
	}
	g := &Gateway{
		cfg: cfg, node: node, boot: opts.Boot, started: time.Now(), recent: recent, registry: opts.Registry,
		auth: authenticator, tokenKeys: tokenKeys, apiKeys: apiKeys, rules: rules, origins: origins,
		pool: pool, keys: dedupe.New(dedupe.Options{}),
		admission: newAdmission(cfg.Limits), door: newDoor(cfg),
		inside:    rate.NewLimiter(rate.Limit(cfg.Limits.AcceptPerSecond)/farewellShare, max(1, cfg.Limits.AcceptPerSecond/farewellShare)),
		joins:     rate.NewLimiter(rate.Limit(cfg.Limits.JoinsPerSecond), 2*cfg.Limits.JoinsPerSecond),
		proxies:   trusted,
		pingFrame: protocol.PingFrame(nil), buffers: sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}
	if g.boot == 0 {
		g.boot = randomBoot()
	}
	if g.registry == nil {
		g.registry = prometheus.NewRegistry()
	}
	if opts.Keys != nil {
		g.isAdmin, g.meshKeys = opts.Keys.CheckAdminToken, opts.Keys
	}
	g.ids.init(g.boot)
	g.upgrader = g.newUpgrader()
	g.metrics = newMetrics(g.registry, cfg.Limits)
	g.newLoggers(logger.Handler())
	if g.tracer, err = g.openTracer(); err != nil {
		g.pool.Close()
		return nil, err
	}
	g.rates = newRates(cfg.Limits, g.metrics.hit)
	if cfg.Rebalance {
		g.rebalance = g.newRebalancer(opts.Rebalance)
	}
	g.registry.MustRegister(pool.Collector(), g.keys.Collector(), newCollector(g), g.rates.collector())
	if g.tokenKeys != nil {
		g.registry.MustRegister(g.tokenKeys.Collector())
	}
	if g.apiKeys != nil {
		g.registry.MustRegister(g.apiKeys.Collector())
	}
	g.directory.init()
	g.api = g.newAPI()
	g.ctx, g.cancel = context.WithCancelCause(context.Background())
	return g, nil
}

// connect makes the hub, and the cluster around it if there is to be one.
func (g *Gateway) connect(opts Options) error {
	if opts.NewCluster != nil {
		cluster, err := opts.NewCluster(g.clusterHost(opts))
		if err != nil {
			return fmt.Errorf("making the mesh: %w", err)
		}
		g.cluster = cluster
	}
	hubOptions := hub.Options{
		Grace: g.cfg.DisconnectGrace, TypingTTL: g.cfg.TypingTTL, MaxChannels: g.cfg.Limits.Channels,
		MaxPresenceEntries: g.cfg.Limits.PresenceEntries, SnapshotLimit: g.cfg.Limits.SnapshotMembers, Logger: g.logger,
	}
	if g.cluster == nil {
		g.hub = hub.New(hubOptions)
		g.ready.waiting = func() string { return "" }
		g.ready.reached.Store(true)
		return nil
	}
	hubOptions.Replicator = g.cluster
	g.hub = hub.New(hubOptions)
	g.ready.waiting = func() string { return g.cluster.Status().Waiting }
	g.ready.keysDiffer = func() bool { return g.cluster.Status().KeysDiffer }
	if err := g.cluster.Start(g.ctx, g.hub); err != nil {
		return fmt.Errorf("starting the mesh: %w", err)
	}
	g.tasks.start(func() { g.ready.await(g.ctx, g.cluster.Ready(), g.logger, g.metrics.readyLate.Inc) })
	return nil
}

func (g *Gateway) clusterHost(opts Options) ClusterHost {
	return ClusterHost{
		Config: g.cfg, Boot: g.boot, NodeName: g.node, Keys: opts.Keys, Logger: g.clientLog, Registry: g.registry, Tracer: g.tracer,
		AwaitRoom: g.awaitOwnRoom, Load: g.load,
		Remember: g.keys.Remember, Lagging: g.pool.Lagging, Answers: g.answers(),
	}
}

// Hub returns the gateway's hub, in which a program may publish and look at presence.
func (g *Gateway) Hub() *hub.Hub { return g.hub }

func fanoutOptions(cfg Config) fanout.Options {
	queue := cfg.Limits.SendQueueBytes
	return fanout.Options{
		MaxQueueBytes:   queue,
		HardQueueBytes:  max(4*queue, queue+cfg.Limits.largestFrame()),
		SlowFrame:       protocol.CloseFrame(protocol.CloseTooSlow, "too slow: events were waiting that this connection did not read"),
		CloseTimeout:    closeTimeout,
		SendBufferBytes: sendBufferBytes,
		UserTimeout:     2 * cfg.Heartbeat,
	}
}

const (
	// closeTimeout bounds how long a closing connection may take to take its last frames and to close its side.
	closeTimeout = 2 * time.Second
	// sendBufferBytes keeps the kernel from absorbing megabytes for a client that does not read. Linux doubles it.
	sendBufferBytes = 64 << 10
)

func nodeName(cfg Config) string {
	if cfg.NodeName != "" {
		return cfg.NodeName
	}
	if name, err := os.Hostname(); err == nil && hub.CheckName("node name", name) == nil {
		return name
	}
	return "gateway"
}

func randomBoot() hub.Boot {
	var b [8]byte
	for {
		// crypto/rand.Read never fails: it ends the process instead.
		_, _ = rand.Read(b[:])
		if boot := hub.Boot(binary.BigEndian.Uint64(b[:])); boot != 0 {
			return boot
		}
	}
}
