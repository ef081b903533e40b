package client

import (
	"encoding/json"
	"time"
)

// An Event is something that happened in a channel: a [Message], [Presence], [Typing], [Count], [Gap] or [Ended]. What was sent to the
// member itself ([Options.OnDirect]) has no channel.
type Event interface {
	// ChannelName is the channel; empty when there is none.
	ChannelName() string
	// size is about how many bytes of memory the event takes.
	size() int
}

// A Message is what somebody published.
type Message struct {
	// Channel is empty when it was sent to the member itself.
	Channel string
	// Type is the event's name, of the publisher's choice.
	Type string
	// From is the publisher's member id; empty when the server's own program published.
	From string
	// MID is the same for one publish on every client. When the server's own program published it may be empty, and the message
	// may come twice while the client moves.
	MID string
	// Payload is JSON, as it was published.
	Payload json.RawMessage
	// Time is when the gateway sent it.
	Time time.Time
}

// Presence says who came and who went. With [PresenceFull] only.
type Presence struct {
	Channel string
	// Joined and Left have no member in common. Most events have one member in one of them; after a reconnect, and when the
	// program was slow, there may be many in both.
	Joined, Left []string
	// Initial marks a channel's first event, with everybody who was there.
	Initial bool
	// Truncated says that the channel has more members than a snapshot lists (--max-snapshot-members). Then Joined and Left
	// are changes of the part that is known, and not always of who is present; [Channel.MemberCount] is right.
	Truncated bool
}

// Typing says who began and who stopped to type. A member that left stops without one. With [PresenceFull] only.
type Typing struct {
	Channel          string
	Started, Stopped []string
}

// Count says how many members the channel has. With [PresenceCount] only.
type Count struct {
	Channel string
	Members int
}

// A GapCause says why publishes may have been missed.
type GapCause string

// Causes of a [Gap].
const (
	// GapGateway: the gateway said that publishes from another gateway may have been lost.
	GapGateway GapCause = "gateway"
	// GapReconnect: there was no connection for a while.
	GapReconnect GapCause = "reconnect"
	// GapPartial: the channel was joined before every gateway had confirmed it.
	GapPartial GapCause = "partial"
	// GapSlow: the program did not take events as fast as they came.
	GapSlow GapCause = "slow"
)

// A Gap says that publishes to the channel may have been missed before this moment: load what matters from where it is kept.
type Gap struct {
	Channel string
	Cause   GapCause
	// Gateway is the one whose publishes are concerned, with GapGateway.
	Gateway string
	// Lost is how many messages were dropped, with GapSlow.
	Lost int
}

// Ended is a channel's last event: the client cannot stay in it. [Channel.Leave] and [Client.Close] make none.
type Ended struct {
	Channel string
	Err     error
}

// ChannelName implements [Event].
func (e Message) ChannelName() string { return e.Channel }

// ChannelName implements [Event].
func (e Presence) ChannelName() string { return e.Channel }

// ChannelName implements [Event].
func (e Typing) ChannelName() string { return e.Channel }

// ChannelName implements [Event].
func (e Count) ChannelName() string { return e.Channel }

// ChannelName implements [Event].
func (e Gap) ChannelName() string { return e.Channel }

// ChannelName implements [Event].
func (e Ended) ChannelName() string { return e.Channel }

// eventBytes is about what an event takes besides its strings.
const eventBytes = 128

func (e Message) size() int {
	return eventBytes + len(e.Channel) + len(e.Type) + len(e.From) + len(e.MID) + len(e.Payload)
}
func (e Presence) size() int { return eventBytes + sizeOf(e.Joined) + sizeOf(e.Left) }
func (e Typing) size() int   { return eventBytes + sizeOf(e.Started) + sizeOf(e.Stopped) }
func (e Count) size() int    { return eventBytes }
func (e Gap) size() int      { return eventBytes }
func (e Ended) size() int    { return eventBytes }

func sizeOf(names []string) int {
	const header = 16
	n := header * len(names)
	for _, name := range names {
		n += len(name)
	}
	return n
}
