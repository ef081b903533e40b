package overview

import "time"

// A Gateway is one gateway, as it describes itself.
type Gateway struct {
	Node    string `json:"node"`
	Boot    string `json:"boot"`
	Version string `json:"version"`
	Cluster string `json:"cluster"`
	// Ready says whether it takes clients; Reason says why not.
	Ready     bool      `json:"ready"`
	Reason    string    `json:"reason,omitempty"`
	Draining  bool      `json:"draining"`
	Drain     Drain     `json:"drain"`
	StartedAt time.Time `json:"startedAt"`

	Connections    int `json:"connections"`
	MaxConnections int `json:"maxConnections"`
	// Channels and Members are of the merged view of all gateways, LocalChannels are those with connections here.
	Channels      int `json:"channels"`
	LocalChannels int `json:"localChannels"`
	Members       int `json:"members"`
	// Peers are the other gateways that it sees, or has seen a moment ago.
	Peers []Peer `json:"peers"`
	// Figures are of the last whole step; nil in the first seconds, and of a release that does not tell.
	Figures *Step `json:"figures,omitempty"`

	// These are in an overview only.

	// Unseen are the names of gateways that this one should see and does not: see [Overview.Complete].
	Unseen []string `json:"unseen,omitempty"`
	// History is the steps of the last ten minutes, the oldest first.
	History []Step `json:"history,omitempty"`
	// Slow are the connections that read too slowly, those with the most waiting first, of SlowTotal.
	Slow      []Slow `json:"slow,omitempty"`
	SlowTotal int    `json:"slowTotal,omitempty"`
	// SlowCloses is how many were closed for that since the gateway started.
	SlowCloses uint64 `json:"slowCloses,omitempty"`
	// Errors are the latest warnings and errors of its log, the newest first.
	Errors []Entry `json:"errors,omitempty"`
}

// A Step is what happened in a few seconds.
type Step struct {
	// At is its end, in Unix seconds.
	At int64 `json:"at"`
	// Seconds is how long it was.
	Seconds float64 `json:"seconds"`
	// Connections were open at its end.
	Connections int `json:"connections"`
	// In is the publishes a second that clients sent and that were accepted.
	In float64 `json:"in"`
	// Out is the frames a second that were written to clients: events, presence, typing and replies.
	Out float64 `json:"out"`
	// P99Ms is the time within which 99 of 100 of those frames were handed to the kernel after they were queued, in milliseconds;
	// nil when there were none. Clients that read too slowly are not in it.
	P99Ms *float64 `json:"p99Ms"`
}

// A Drain is how far a gateway is in moving its clients away.
type Drain struct {
	// Phase is "serving" without a drain, then "announced", "moving", "closing" and "drained".
	Phase       string     `json:"phase"`
	Reason      string     `json:"reason,omitempty"`
	StartedAt   *time.Time `json:"startedAt,omitempty"`
	Connections int        `json:"connections"`
	// AtStart were open when it began, Moved went elsewhere, Forced had to be closed.
	AtStart       int        `json:"atStart"`
	Moved         int        `json:"moved"`
	Forced        int        `json:"forced"`
	WindowSeconds float64    `json:"windowSeconds,omitempty"`
	LeaseUntil    *time.Time `json:"leaseUntil,omitempty"`
}

// Going says that a drain is in progress or has ended with nobody left.
func (d Drain) Going() bool { return d.Phase != "" && d.Phase != "serving" }

// A Peer is another gateway, as one sees it.
type Peer struct {
	Node    string `json:"node"`
	Boot    string `json:"boot"`
	Address string `json:"address,omitempty"`
	Version string `json:"version,omitempty"`
	// State is "joining", "live", "leaving", "orphaned" or "dead".
	State     string `json:"state"`
	InStep    bool   `json:"inStep"`
	Draining  bool   `json:"draining"`
	LinkedIn  bool   `json:"linkedIn"`
	LinkedOut bool   `json:"linkedOut"`
	// QueuedBytes wait for it. HeardMs is how long ago it was last heard, in milliseconds.
	QueuedBytes int    `json:"queuedBytes"`
	HeardMs     int64  `json:"heardMs"`
	Error       string `json:"error,omitempty"`
}

// Seen says that the links to and from the peer work.
func (p Peer) Seen() bool { return p.LinkedIn && p.LinkedOut }

// Gone says that the peer is leaving, or that nothing is expected of it any more.
func (p Peer) Gone() bool { return p.State == "leaving" || p.State == "dead" || p.State == "orphaned" }

// A Slow is a connection whose client does not read as fast as events come.
type Slow struct {
	Conn   string `json:"conn"`
	Member string `json:"member"`
	// Address is the client's, as the gateway sees it: a load balancer's, behind one.
	Address string `json:"address"`
	// QueuedBytes wait for it, for BehindMs milliseconds by now.
	QueuedBytes int   `json:"queuedBytes"`
	BehindMs    int64 `json:"behindMs"`
}

// An Entry is a warning or an error of a gateway's log.
type Entry struct {
	// At is when it was logged last.
	At    time.Time `json:"at"`
	Level string    `json:"level"`
	// Message and Detail are the log's: the detail is its attributes.
	Message string `json:"message"`
	Detail  string `json:"detail,omitempty"`
	// Count is how often the same was logged in a row.
	Count int `json:"count"`
}
