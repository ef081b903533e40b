package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
)

// errRefused is what a fakeConn that fails answers to Deliver.
var errRefused = errors.New("refused")

// A fakeConn keeps what it was given. It is safe for concurrent use.
type fakeConn struct {
	id string

	mu      sync.Mutex
	events  []*Event
	failing bool
	closed  bool
	onClose []func()
}

var _ Conn = (*fakeConn)(nil)

func newConn(id string) *fakeConn { return &fakeConn{id: id} }

func (c *fakeConn) ID() string { return c.id }

func (c *fakeConn) Deliver(e *Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failing || c.closed {
		return errRefused
	}
	c.events = append(c.events, e)
	return nil
}

func (c *fakeConn) OnClose(fn func()) {
	c.mu.Lock()
	closed := c.closed
	if !closed {
		c.onClose = append(c.onClose, fn)
	}
	c.mu.Unlock()
	if closed {
		fn()
	}
}

// close runs the callbacks once, as a transport does when its socket has ended.
func (c *fakeConn) close() {
	c.mu.Lock()
	fns := c.onClose
	c.closed, c.onClose = true, nil
	c.mu.Unlock()
	for _, fn := range fns {
		fn()
	}
}

func (c *fakeConn) fail(failing bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failing = failing
}

// takeEvents returns what came since the last call.
func (c *fakeConn) takeEvents() []*Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	events := c.events
	c.events = nil
	return events
}

// give puts events back that were taken.
func (c *fakeConn) give(events []*Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(events, c.events...)
}

// take returns what came since the last call, one short line an event.
func (c *fakeConn) take() []string {
	var lines []string
	for _, e := range c.takeEvents() {
		lines = append(lines, line(e))
	}
	return lines
}

// line renders an event: "presence:join room ann", "typing room ann true", "presence:count room 3", `chat room "hi"`.
func line(e *Event) string {
	b := bodyOf(e)
	switch e.Type {
	case TypePresenceJoin, TypePresenceLeave:
		return fmt.Sprintf("%s %s %s", e.Type, b.Channel, b.MemberID)
	case TypeTyping:
		return fmt.Sprintf("%s %s %s %t", e.Type, b.Channel, b.MemberID, b.Typing)
	case TypePresenceCount:
		return fmt.Sprintf("%s %s %d", e.Type, b.Channel, b.MemberCount)
	case TypeGap:
		return fmt.Sprintf("%s %s %s", e.Type, b.Channel, b.Gateway)
	default:
		return fmt.Sprintf("%s %s %s", e.Type, e.Channel, e.Payload)
	}
}

// An eventBody has the fields of every payload of the hub's own events.
type eventBody struct {
	Channel     string `json:"channel"`
	MemberID    string `json:"memberId"`
	MemberCount int    `json:"memberCount"`
	Typing      bool   `json:"typing"`
	Gateway     string `json:"gateway"`
}

// bodyOf returns the zero body for an application's event.
func bodyOf(e *Event) (b eventBody) {
	switch e.Type {
	case TypePresenceJoin, TypePresenceLeave, TypePresenceCount, TypeTyping, TypeGap:
		if err := json.Unmarshal(e.Payload, &b); err != nil {
			panic(fmt.Sprintf("payload of %s: %v", e.Type, err))
		}
	}
	return b
}
