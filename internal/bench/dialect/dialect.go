// Package dialect is what a load generator has to know of a server's protocol: how a connection is opened, how it joins and
// publishes, and what the messages that come mean. Starling's own is here; those of other servers are where they are compared.
//
// A dialect has no state: one serves all connections at the same time.
package dialect

import "net/http"

// A Member is who opens a connection.
type Member struct {
	// ID is the member's id.
	ID string
	// Token proves it; empty where the server takes the id as it is.
	Token string
}

// A Dialect speaks one protocol. Functions that append return the message without its WebSocket frame.
type Dialect interface {
	// Request is the path and query of the upgrade, and headers beside those that every upgrade has.
	Request(m Member) (uri string, header http.Header)
	// Greeting is the first message after the upgrade; nil: none, the server begins.
	Greeting() []byte
	// Join appends a join of a channel. Its answer is read as [Joined]. id is unique on the connection, from 1.
	Join(dst []byte, id int, channel, presence string) []byte
	// Leave appends a leave of a channel, whose answer nobody waits for.
	Leave(dst []byte, id int, channel string) []byte
	// Publish appends a publish of a JSON payload. With echo the publishing connection gets it too, if it is in the channel.
	Publish(dst []byte, id int, channel string, payload []byte, echo bool) []byte
	// Lines says that one frame may hold several messages, a line each.
	Lines() bool
	// Read says what a message is that carries no [Mark].
	Read(msg []byte) Message
}

// A Kind is what a message means to a load generator.
type Kind uint8

const (
	// Other means nothing to it.
	Other Kind = iota
	// Ready answers the greeting: the connection may join.
	Ready
	// Joined answers a join.
	Joined
	// Appeared says that a member joined Message.Channel.
	Appeared
	// Vanished says that one left it.
	Vanished
	// Gap says that events may have been lost.
	Gap
	// Refused is an error.
	Refused
	// Answer has to be sent back as it is in Message.Answer.
	Answer
)

// A Message is what one message says. Byte slices are parts of it, or constants.
type Message struct {
	Kind    Kind
	Channel []byte
	Answer  []byte
}
