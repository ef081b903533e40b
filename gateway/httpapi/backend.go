package httpapi

import (
	"context"
	"encoding/json"
	"time"
)

// A Backend does what requests ask. Its methods are called concurrently, with names that were checked. An error is a [*Problem], or
// something internal that clients are not shown.
type Backend interface {
	// Refuses says why no request is taken now; nil: they are.
	Refuses() *Problem
	// Publish publishes in order and returns as many results. It may wait for room, for a second at most.
	Publish(ctx context.Context, caller Caller, messages []Message) ([]Published, error)
	// Send gives an event to the connections of one member.
	Send(ctx context.Context, caller Caller, memberID string, event Direct) (Sent, error)
	// Channels lists live channels by name, after a name, limit at most.
	Channels(ctx context.Context, prefix, after string, limit int) (ChannelPage, error)
	// Channel describes one channel; one that nobody is in is empty.
	Channel(ctx context.Context, name string) (Channel, error)
	// Members lists the members present in a channel by id, after an id, limit at most.
	Members(ctx context.Context, channel, after string, limit int) (MemberPage, error)
	// Member lists a member's connections.
	Member(ctx context.Context, memberID string) (Member, error)
	// Disconnect ends a member's connections, whose clients are told the reason.
	Disconnect(ctx context.Context, memberID, reason string) (Disconnected, error)
}

// A Caller is who makes a request.
type Caller struct {
	// Key is the name of the API key.
	Key string
	// IdempotencyKey ties the retries of one request; empty: it is not to be tied.
	IdempotencyKey string
}

// A Message is one publish.
type Message struct {
	Channel string          `json:"channel"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`
	// From is the member that receivers see as the publisher; empty: nobody.
	From string `json:"from"`
	// ExceptConnection and ExceptMember do not get it.
	ExceptConnection string `json:"exceptConnection"`
	ExceptMember     string `json:"exceptMember"`
}

// Published is what became of a publish.
type Published struct {
	Channel string `json:"channel"`
	// MID is the id that receivers see.
	MID string `json:"mid"`
	// Duplicate says that it was published before, by a request with the same idempotency key.
	Duplicate bool `json:"duplicate,omitempty"`
}

// Direct is an event for one member.
type Direct struct {
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`
	// Channel limits it to the member's connections in this channel, of which it then is an event; empty: it is no channel's, and goes to
	// all connections.
	Channel string `json:"channel"`
	From    string `json:"from"`
}

// Sent is what became of a Direct.
type Sent struct {
	MID string `json:"mid"`
	// Connections took it.
	Connections int       `json:"connections"`
	Missing     []Missing `json:"missing,omitempty"`
}

// Missing is a gateway that has not answered, so that the answer lacks its part.
type Missing struct {
	Gateway string `json:"gateway"`
	Reason  string `json:"reason"`
}

// A ChannelPage is a part of the list of channels.
type ChannelPage struct {
	Channels []ChannelCount `json:"channels"`
	// More says that there are channels after the last one.
	More    bool      `json:"-"`
	Next    string    `json:"next,omitempty"`
	Missing []Missing `json:"missing,omitempty"`
}

// A ChannelCount is a channel in a list.
type ChannelCount struct {
	Name        string `json:"name"`
	MemberCount int    `json:"memberCount"`
	Connections int    `json:"connections"`
}

// A Channel is one channel's state, without its members.
type Channel struct {
	ChannelCount
	Typing  []string  `json:"typing"`
	Missing []Missing `json:"missing,omitempty"`
}

// A MemberPage is a part of the list of a channel's members.
type MemberPage struct {
	Members     []string `json:"members"`
	MemberCount int      `json:"memberCount"`
	More        bool     `json:"-"`
	Next        string   `json:"next,omitempty"`
}

// A Member is one member's connections.
type Member struct {
	Member      string       `json:"member"`
	Connections []Connection `json:"connections"`
	// Truncated says that there are more than are listed.
	Truncated bool      `json:"truncated,omitempty"`
	Missing   []Missing `json:"missing,omitempty"`
}

// A Connection is one open connection.
type Connection struct {
	ID      string `json:"id"`
	Gateway string `json:"gateway"`
	// Session is what the client ties its overlapping connections with.
	Session     string    `json:"session,omitempty"`
	ConnectedAt time.Time `json:"connectedAt"`
	Channels    []string  `json:"channels"`
}

// Disconnected is how many connections were told to end.
type Disconnected struct {
	Disconnected int       `json:"disconnected"`
	Missing      []Missing `json:"missing,omitempty"`
}
