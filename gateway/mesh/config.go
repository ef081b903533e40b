package mesh

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/gateway/tracing"
	"github.com/starling-realtime/starling/hub"
)

// Config configures a [Mesh]. Node, Boot, Cluster, Bind and Keys are required.
type Config struct {
	// Node names the gateway for people. Memberlist's name is Node, a dash and the boot.
	Node string
	// Boot is this life of the process. Never zero.
	Boot hub.Boot
	// Cluster separates meshes: gateways of other clusters are never merged.
	Cluster string
	// Bind is the address and port for UDP and TCP; port 0 picks one.
	Bind netip.AddrPort
	// Advertise is the address and port that peers should use. Invalid: the bound one.
	Advertise netip.AddrPort
	// Join lists the host:port of gateways to find the others by. Names are resolved again and again, for ever.
	Join []string
	// Keys prove membership of the cluster. Made for the same Cluster and Boot.
	Keys *keyring.Keyring
	// AppVersion is the release, for people.
	AppVersion string

	// NodeGrace is how long the members of a gateway that vanished stay present, from when it was last heard.
	NodeGrace time.Duration
	// DisconnectGrace is the same for one that left in good order.
	DisconnectGrace time.Duration

	// Answers are the questions that other gateways may ask, by kind: see [Mesh.Ask].
	Answers map[string]AnswerFunc

	// PublishBudget and StateBudget bound each link's queue, in bytes. Default 16 MiB each.
	PublishBudget, StateBudget int

	// Timing are the links' intervals, Tuning the mesh's own; zero fields take their defaults.
	Timing link.Timing
	Tuning Tuning

	// Tracer traces the way of sampled publishes. Nil: they are not.
	Tracer *tracing.Tracer
	// Logger gets what operators should know. Default: nothing is logged.
	Logger *slog.Logger
	// Registerer gets the mesh's metrics. Optional.
	Registerer prometheus.Registerer
}

// Tuning are intervals that only tests have a reason to change. A zero field takes its default.
type Tuning struct {
	// Checkpoint is the time between two checkpoints on a link. Default 5 s.
	Checkpoint time.Duration
	// Watch is how often peers' states are looked at. Default 100 ms.
	Watch time.Duration
	// Rejoin is how often the addresses to join are resolved and tried, Retry how often as long as nobody was found.
	// Default 10 s and 500 ms.
	Rejoin, Retry time.Duration
	// Alone is how long the addresses must have named nobody but this gateway before it knows that it is alone. Default 5 s.
	Alone time.Duration
	// InterestTimeout bounds [Mesh.AwaitInterest]. Default 1 s.
	InterestTimeout time.Duration
	// Pause bounds how long publishers wait for a link that is over its budget. Default 1 s.
	Pause time.Duration
	// Load is how often the others are told what this gateway has and can take. Default 1 s.
	Load time.Duration
	// PushPull is the time between two exchanges of memberlist's whole state. Default 15 s.
	PushPull time.Duration
	// Network replaces the way to other gateways, so that tests can cut it. Default: the machine's.
	Network Network
}

// A Network is the way to other gateways.
type Network interface {
	// Dial connects a link to a mesh address, host:port.
	Dial(ctx context.Context, address string) (net.Conn, error)
	// Wrap returns the transport that memberlist uses: t, or one that stands before it.
	Wrap(t memberlist.NodeAwareTransport) memberlist.NodeAwareTransport
}

// realNetwork is the machine's network.
type realNetwork struct{}

func (realNetwork) Dial(ctx context.Context, address string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", address)
}

func (realNetwork) Wrap(t memberlist.NodeAwareTransport) memberlist.NodeAwareTransport { return t }

// Local is what the mesh needs of its gateway besides the hub.
type Local interface {
	// Remember notes a publish key of a member; when the key is known already it returns the first message id and true.
	Remember(member, channel, key, mid string) (first string, duplicate bool)
	// Lagging says that local connections cannot be served as fast as publishes come; AwaitRoom waits until they can, or
	// ctx is done.
	Lagging() bool
	AwaitRoom(ctx context.Context) error
	// Load is what the gateway has and can take, for the others to know. It is called about once a second and must be cheap.
	Load() Load
}

const defaultBudget = 16 << 20

func (c Config) withDefaults() Config {
	setDefault(&c.PublishBudget, defaultBudget)
	setDefault(&c.StateBudget, defaultBudget)
	setDefault(&c.Tuning.Checkpoint, 5*time.Second)
	setDefault(&c.Tuning.Watch, 100*time.Millisecond)
	setDefault(&c.Tuning.Rejoin, 10*time.Second)
	setDefault(&c.Tuning.Retry, 500*time.Millisecond)
	setDefault(&c.Tuning.Alone, 5*time.Second)
	setDefault(&c.Tuning.InterestTimeout, time.Second)
	setDefault(&c.Tuning.Pause, time.Second)
	setDefault(&c.Tuning.Load, time.Second)
	setDefault(&c.Tuning.PushPull, 15*time.Second)
	setDefault(&c.Timing.Silence, 3*time.Second)
	setDefault[Network](&c.Tuning.Network, realNetwork{})
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c Config) validate() error {
	switch {
	case c.Node == "":
		return errors.New("the node has no name")
	case c.Boot == 0:
		return errors.New("the boot is zero")
	case c.Keys == nil:
		return errors.New("the keys are missing")
	case !c.Bind.IsValid():
		return errors.New("the bind address is missing")
	case c.NodeGrace < 0 || c.DisconnectGrace < 0:
		return errors.New("a grace is negative")
	}
	return nil
}
