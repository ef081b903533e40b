package gateway

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/starling-realtime/starling/gateway/mesh"
	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/gateway/pacing"
	"github.com/starling-realtime/starling/gateway/tracing"
	"github.com/starling-realtime/starling/hub"
)

// A Cluster connects a gateway with the others. All methods are safe for concurrent use. Those of [hub.Replicator] are
// called before Start too, for nobody yet.
type Cluster interface {
	hub.Replicator

	// Start begins to find and to talk to other gateways; the hub is where their changes go. It returns once its own
	// listeners work, without waiting for anybody else. It is called once.
	Start(ctx context.Context, h *hub.Hub) error

	// Ready is closed once the gateway has joined, or knows that it is alone, and is in step with the peers that it saw
	// at start. It never opens again.
	Ready() <-chan struct{}

	// AwaitInterest waits until every linked peer has applied this hub's interest in the channel at a position of its
	// log: see [hub.JoinResult]. It returns whether all have; false when ctx ended first.
	AwaitInterest(ctx context.Context, channel string, seq uint64) (complete bool)

	// AwaitRoom waits while a link to a peer is over its budget of publishes, for a second at most, or until ctx ends. It is
	// called before every publish, so it must be cheap when there is room.
	AwaitRoom(ctx context.Context)

	// Ask puts a question to every other gateway that is not known to be gone, and returns a reply of each, an answer or an error;
	// none when this gateway is alone. The wait ends with ctx. What peers were sent before comes before the question, and what they
	// sent comes before their answer. An error says that nobody was asked.
	Ask(ctx context.Context, kind string, body []byte) ([]Reply, error)

	// Announce tells the peers whether this gateway drains.
	Announce(draining bool)

	// Flush waits until what was forwarded has reached the linked peers, or ctx ends.
	Flush(ctx context.Context) error

	// Close leaves the others gracefully within ctx and releases everything.
	Close(ctx context.Context) error

	// Status says how the others look from here.
	Status() ClusterStatus
}

// A ClusterHost is what a gateway offers to its [Cluster].
type ClusterHost struct {
	// Config is the gateway's.
	Config Config
	// Boot is this life of the gateway, and NodeName its name for people.
	Boot     hub.Boot
	NodeName string
	// Keys proves membership. Nil in a program that gave no keys.
	Keys *keyring.Keyring
	// Logger and Registry are the gateway's.
	Logger   *slog.Logger
	Registry prometheus.Registerer
	// Tracer is the gateway's; nil: nothing is traced.
	Tracer *tracing.Tracer
	// Lagging says that this gateway's own connections are behind. AwaitRoom waits while they are, so that a link can hold
	// back what a peer sends; for a second at most, or until ctx ends.
	Lagging   func() bool
	AwaitRoom func(ctx context.Context)
	// Load is what this gateway has and can take, for the others to know. It is cheap.
	Load func() Load
	// Answers are the questions that other gateways may ask of this one, by kind. They are called concurrently; ctx ends when the asker,
	// named from, does not wait any more. An error's text is told to the asker.
	Answers map[string]func(ctx context.Context, from string, body []byte) ([]byte, error)
	// Remember notes the key and the message id of a member's publish that another gateway accepted, so that a retry here is
	// not published again; when the key is known already it returns the first message id and true.
	Remember func(member, channel, key, mid string) (first string, duplicate bool)
}

// A Reply is what one gateway answered to [Cluster.Ask].
type Reply struct {
	// Node names the gateway to people.
	Node string
	// Body is the answer, if Err is nil.
	Body []byte
	// Err says why there is no answer; its text is for people.
	Err error
}

// ClusterStatus is how the others look from here.
type ClusterStatus struct {
	// Waiting says what is missing until the cluster is ready; empty once it is.
	Waiting string
	// KeysDiffer says that it waits for a gateway that has other mesh keys: these are being replaced.
	KeysDiffer bool
	Peers      []PeerStatus
}

// PeerStatus is one other gateway, as /status shows it.
type PeerStatus struct {
	Node    string `json:"node"`
	Boot    string `json:"boot"`
	Address string `json:"address"`
	Version string `json:"version"`
	// State is one word: "joining", "live", "leaving", "orphaned" or "dead".
	State string `json:"state"`
	// InStep says that this gateway holds all that the peer owns.
	InStep bool `json:"inStep"`
	// Draining says that the peer announced a drain.
	Draining bool `json:"draining"`
	// LinkedIn and LinkedOut say whether the link from and to the peer works.
	LinkedIn  bool `json:"linkedIn"`
	LinkedOut bool `json:"linkedOut"`
	// QueuedBytes wait for the peer.
	QueuedBytes int `json:"queuedBytes"`
	// HeardMs is how long ago the peer was last heard, in milliseconds.
	HeardMs int64 `json:"heardMs"`
	// Entries are the presence entries and interests that the peer owns, in this gateway's view.
	Entries int `json:"entries"`
	// Error is what last went wrong with the peer; empty once it works.
	Error string `json:"error,omitempty"`
	// Load is what the peer said that it has and can take; nil: nothing.
	*Load
}

// Load is what a gateway has and can take, as it tells the others.
type Load = mesh.Load

// takes says whether clients can move to the peer.
func (p PeerStatus) takes() bool { return p.LinkedOut && !p.Draining }

// mayTake says whether they may be able to before long: its link may have broken for a moment.
func (p PeerStatus) mayTake() bool { return !p.Draining && p.State != "leaving" && p.State != "dead" }

// pace is the peer as a drain counts it. Gateways of a cluster have the same bounds, so one that has not said what it can take, as
// those of older releases do not, is thought to take what this one does.
func (p PeerStatus) pace(own Limits) pacing.Peer {
	said := p.Load
	if said == nil {
		said = &Load{Connections: 1, Headroom: own.Connections, AcceptPerSecond: own.AcceptPerSecond}
	}
	return pacing.Peer{
		Takes: p.takes(), Moves: p.LinkedOut && p.Draining && said.Connections > 0,
		PerSecond: said.AcceptPerSecond, Room: said.Headroom,
	}
}
