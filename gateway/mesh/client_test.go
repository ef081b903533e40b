package mesh

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/starling-realtime/starling/hub"
)

// errClosed is what a client that is closed answers to Deliver.
var errClosed = errors.New("client is closed")

// A client is a connection that keeps what it was given. It is safe for concurrent use.
type client struct {
	id, member string

	mu     sync.Mutex
	events []*hub.Event
	closed bool
	// watch, when set, sees each event as it comes.
	watch   func(*hub.Event)
	onClose []func()
	// more is closed and replaced when an event comes.
	more chan struct{}
}

var _ hub.Conn = (*client)(nil)

func newClient(id, member string) *client {
	return &client{id: id, member: member, more: make(chan struct{})}
}

// ID implements [hub.Conn].
func (c *client) ID() string { return c.id }

// Deliver implements [hub.Conn].
func (c *client) Deliver(e *hub.Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errClosed
	}
	c.events = append(c.events, e)
	if c.watch != nil {
		c.watch(e)
	}
	close(c.more)
	c.more = make(chan struct{})
	return nil
}

// OnClose implements [hub.Conn].
func (c *client) OnClose(fn func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onClose = append(c.onClose, fn)
}

// close ends the connection, as when its socket has ended.
func (c *client) close() {
	c.mu.Lock()
	fns := c.onClose
	c.closed, c.onClose = true, nil
	c.mu.Unlock()
	for _, fn := range fns {
		fn()
	}
}

// seen returns everything that came, one short line an event, and a channel that is closed when there is more.
func (c *client) seen() ([]string, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := make([]string, len(c.events))
	for i, e := range c.events {
		lines[i] = line(e)
	}
	return lines, c.more
}

// take returns what came since the last call.
func (c *client) take() []string {
	lines, _ := c.seen()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = c.events[len(lines):]
	return lines
}

// An eventBody has the fields of every payload of the hub's own events.
type eventBody struct {
	MemberID string `json:"memberId"`
	Typing   bool   `json:"typing"`
	Gateway  string `json:"gateway"`
}

func bodyOf(e *hub.Event) (b eventBody) {
	if err := json.Unmarshal(e.Payload, &b); err != nil {
		panic(fmt.Sprintf("payload of %s: %v", e.Type, err))
	}
	return b
}

// line renders an event: "join room ann", "leave room ann", "typing room ann true", "gap room a", `chat room "hi"`.
func line(e *hub.Event) string {
	switch e.Type {
	case hub.TypePresenceJoin:
		return fmt.Sprintf("join %s %s", e.Channel, bodyOf(e).MemberID)
	case hub.TypePresenceLeave:
		return fmt.Sprintf("leave %s %s", e.Channel, bodyOf(e).MemberID)
	case hub.TypeTyping:
		return fmt.Sprintf("typing %s %s %t", e.Channel, bodyOf(e).MemberID, bodyOf(e).Typing)
	case hub.TypeGap:
		return fmt.Sprintf("gap %s %s", e.Channel, bodyOf(e).Gateway)
	default:
		return fmt.Sprintf("%s %s %s", e.Type, e.Channel, e.Payload)
	}
}
