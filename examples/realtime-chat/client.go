package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/gorilla/websocket"
)

type values = map[string]any

// A frame is what both sides send: JSON in text messages. docs/protocol.md lists them all.
type frame struct {
	Type    string `json:"type"`
	Payload values `json:"payload"`
}

// A scene keeps the first error, and after it nothing happens any more: so what clients do reads as a plain list.
type scene struct {
	ctx context.Context
	out io.Writer
	url string
	err error
}

// A client is a person at the other end of a WebSocket.
type client struct {
	*scene
	name string
	conn *websocket.Conn
}

// connect opens a connection for a member and waits until the gateway welcomes it.
func (s *scene) connect(name string) *client {
	c := &client{scene: s, name: name}
	if s.err != nil {
		return c
	}
	conn, res, err := websocket.DefaultDialer.DialContext(s.ctx, s.url+"?member="+url.QueryEscape(name), nil)
	if res != nil {
		defer res.Body.Close()
	}
	if err != nil {
		s.err = fmt.Errorf("connecting %s: %w", name, err)
		return c
	}
	c.conn = conn
	deadline, _ := s.ctx.Deadline()
	_ = conn.SetReadDeadline(deadline)
	_ = conn.SetWriteDeadline(deadline)
	c.expect("welcome", "is connected as %q", "memberId")
	return c
}

// send sends a request.
func (c *client) send(typ string, payload values) {
	if c.err != nil {
		return
	}
	c.say(c.name, "sends %s", typ)
	if err := c.conn.WriteJSON(frame{Type: typ, Payload: payload}); err != nil {
		c.err = fmt.Errorf("sending %s as %s: %w", typ, c.name, err)
	}
}

// expect reads frames until one of the type comes, and shows one field of its payload. A refusal ends the scene.
func (c *client) expect(typ, format, field string) {
	for c.err == nil {
		var f frame
		if err := c.conn.ReadJSON(&f); err != nil {
			c.err = fmt.Errorf("waiting for %s as %s: %w", typ, c.name, err)
			return
		}
		switch f.Type {
		case typ:
			c.say(c.name, format, f.Payload[field])
			return
		case "error":
			c.err = fmt.Errorf("waiting for %s as %s: the gateway refused: %v", typ, c.name, f.Payload["message"])
		}
	}
}

// say prints what somebody does.
func (s *scene) say(who, format string, args ...any) {
	fmt.Fprintf(s.out, "%-6s "+format+"\n", append([]any{who}, args...)...)
}

func (c *client) close() {
	if c.conn == nil {
		return
	}
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	_ = c.conn.WriteControl(websocket.CloseMessage, bye, time.Now().Add(time.Second))
	_ = c.conn.Close()
}
