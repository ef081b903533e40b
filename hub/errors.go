package hub

import "errors"

// Errors that the hub's methods return, to be tested with errors.Is. The returned errors add the name or the bound
// that was concerned.
var (
	// ErrInvalidName refuses an empty channel, member or event name, one over [MaxNameBytes], one that is not UTF-8
	// and one with control characters.
	ErrInvalidName = errors.New("invalid name")
	// ErrReservedType refuses an event type that only the server may send.
	ErrReservedType = errors.New("reserved event type")
	// ErrInvalidPayload refuses a payload that cannot be encoded as JSON.
	ErrInvalidPayload = errors.New("invalid payload")
	// ErrNotPresent refuses typing by a member that is not present in the channel.
	ErrNotPresent = errors.New("member is not present in the channel")
	// ErrMemberMismatch refuses a second join of one connection to one channel under another member id.
	ErrMemberMismatch = errors.New("connection is in the channel as another member")
	// ErrTooManyChannels refuses a join that would create a channel over [Options.MaxChannels].
	ErrTooManyChannels = errors.New("too many channels")
	// ErrTooManyEntries refuses a join that would create a presence entry over [Options.MaxPresenceEntries].
	ErrTooManyEntries = errors.New("too many presence entries")
	// ErrClosed refuses operations after [Hub.Close].
	ErrClosed = errors.New("hub is closed")
)
