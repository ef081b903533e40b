package hub

import (
	"log/slog"
	"time"
)

// Options configure a [Hub]. The zero value is a hub on its own, with no grace, no typing expiry and no bounds.
type Options struct {
	// Grace is how long a member whose connection vanished stays present: see [Hub.Disconnect]. An explicit
	// [Hub.Leave] does not wait for it.
	Grace time.Duration
	// TypingTTL clears a typing flag that was not refreshed for so long; 0 disables that.
	TypingTTL time.Duration
	// CountInterval is the least time between two presence:count events of a channel. Default 250 ms.
	CountInterval time.Duration
	// MaxChannels bounds the number of channels that have local connections; 0 is no bound.
	MaxChannels int
	// MaxPresenceEntries bounds the (channel, member) pairs of local connections; 0 is no bound.
	MaxPresenceEntries int
	// SnapshotLimit bounds the members and typing members listed in a [Snapshot]; 0 is no bound.
	SnapshotLimit int
	// Replicator carries local changes to other hubs; nil is a hub on its own.
	Replicator Replicator
	// Logger gets what no caller can be told. Default: nothing is logged.
	Logger *slog.Logger
}

// JoinOptions configure one [Hub.Join]. The zero value is a plain join.
type JoinOptions struct {
	// Presence selects the presence events that the connection gets. A second join changes it.
	Presence PresenceMode
	// Session ties overlapping connections of one client: a publish that excludes its own connection also excludes
	// the same member's connections with the same session. Empty ties nothing.
	Session string
	// Snapshot, when not nil, gets the channel's state under the channel's lock, after the join took effect and
	// before any later event is delivered to the connection; with PresenceCount the number of members only. It must not
	// call the hub.
	Snapshot func(Snapshot)
}

// JoinResult is what a [Hub.Join] changed.
type JoinResult struct {
	// NewlyPresent says that the member was absent everywhere before.
	NewlyPresent bool
	// InterestSeq is the position in the replicator's log of this hub's interest in the channel; 0 without a
	// replicator. Publishes of other hubs reach the connection once they have applied it.
	InterestSeq uint64
}

// LeaveResult is what a [Hub.Leave] changed.
type LeaveResult struct {
	// WasJoined says that the connection was in the channel.
	WasJoined bool
	// NowAbsent says that the member left the merged presence with this call. It is false while another of its
	// connections is in the channel or lingers in its grace, here or on another hub.
	NowAbsent bool
}

// Snapshot is a channel's state at one moment. Orders are unspecified.
type Snapshot struct {
	Channel     string
	Members     []string
	MemberCount int
	Typing      []string
	// Truncated says that Members or Typing was cut at [Options.SnapshotLimit], or left out.
	Truncated bool
}

// PublishOptions scope one publish. The zero value reaches every connection in the channel.
type PublishOptions struct {
	// From is the publishing member's id, shown to receivers. Optional.
	From string
	// MID is the message id, shown to receivers. Optional.
	MID string
	// Key is the publisher's deduplication key, which only the [Replicator] looks at. Optional.
	Key string
	// Trace is the publish's place in a trace, which only the [Replicator] looks at. Nil: it is not traced.
	Trace *Trace
	// ExceptConnID excludes one connection.
	ExceptConnID string
	// ExceptSession excludes the connections of member From that joined with this session.
	ExceptSession string
	// ExceptMemberID excludes every connection of one member.
	ExceptMemberID string
}

// A Trace is a place in a trace that is sampled, as W3C's Trace Context has it. The hub does not look into it.
type Trace struct {
	TraceID [16]byte
	SpanID  [8]byte
}
