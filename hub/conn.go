package hub

// A Conn is one client connection, as the hub needs it. Its methods are called while a channel's lock is held.
type Conn interface {
	// ID names the connection, uniquely in the whole cluster and for all time.
	ID() string

	// Deliver queues the event and returns without blocking. The event is shared by all receivers and must not be
	// modified. An error means that this connection did not get the event; the hub counts it and goes on with the
	// others. Deliver must not call the hub.
	Deliver(*Event) error

	// OnClose registers fn to be called once when the connection has closed; at once, if it already has. [Hub.Bind]
	// uses it. It is never called with a channel's lock held.
	OnClose(fn func())
}

// PresenceMode says which presence events a connection gets for a channel.
type PresenceMode uint8

const (
	// PresenceFull delivers every presence:join, presence:leave and typing event.
	PresenceFull PresenceMode = iota
	// PresenceCount delivers only presence:count, coalesced over [Options.CountInterval].
	PresenceCount
	// PresenceNone delivers no presence and no typing events.
	PresenceNone
)

// String returns the mode as the wire protocol spells it.
func (m PresenceMode) String() string {
	switch m {
	case PresenceCount:
		return "count"
	case PresenceNone:
		return "none"
	default:
		return "full"
	}
}
