package up_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
)

var errNotYet = errors.New("not yet")

// A frame is what both sides send.
type frame struct {
	Type    string          `json:"type"`
	Channel string          `json:"channel,omitempty"`
	From    string          `json:"from,omitempty"`
	ID      int             `json:"id,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// body is what these tests read of payloads.
type body struct {
	Gateway  string   `json:"gateway"`
	MemberID string   `json:"memberId"`
	Members  []string `json:"members"`
	Text     string   `json:"text"`
	Typing   bool     `json:"typing"`
}

func (f frame) body() body {
	var b body
	_ = json.Unmarshal(f.Payload, &b) // payloads of other shapes have none of the fields
	return b
}

// A client is one connection that remembers all that it got.
type client struct {
	t       *testing.T
	member  string
	gateway string
	conn    *websocket.Conn

	mu     sync.Mutex
	frames []frame
	lastID int
	ended  error
}

// connect opens a connection; header may carry a token instead of the member.
func connect(t *testing.T, address, member string, header http.Header) *client {
	t.Helper()
	url := "ws://" + address + "/ws"
	if header == nil {
		url += "?member=" + member
	}
	conn, response, err := websocket.DefaultDialer.Dial(url, header)
	require.NoError(t, err, "%+v", response)
	c := &client{t: t, member: member, conn: conn}
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		c.read()
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-finished
	})
	c.gateway = c.await("welcome", func(f frame) bool { return f.Type == "welcome" }).body().Gateway
	return c
}

// connectElsewhere connects until the client is on a gateway that is none of others.
func connectElsewhere(t *testing.T, address, member string, others ...string) *client {
	t.Helper()
	for range 20 {
		c := connect(t, address, member, nil)
		if !slices.Contains(others, c.gateway) {
			return c
		}
		require.NoError(t, c.conn.Close())
	}
	require.Fail(t, "20 connections, all to the same gateways", "%v", others)
	return nil
}

func (c *client) read() {
	for {
		var f frame
		err := c.conn.ReadJSON(&f)
		c.mu.Lock()
		if err != nil {
			c.ended = err
			c.mu.Unlock()
			return
		}
		c.frames = append(c.frames, f)
		c.mu.Unlock()
	}
}

// seen counts the frames that match.
func (c *client) seen(match func(frame) bool) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, f := range c.frames {
		if match(f) {
			n++
		}
	}
	return n
}

// await returns the first frame that matches, once it is there.
func (c *client) await(what string, match func(frame) bool) frame {
	c.t.Helper()
	var found frame
	eventually(c.t, c.member+" gets "+what, func() error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if i := slices.IndexFunc(c.frames, match); i >= 0 {
			found = c.frames[i]
			return nil
		}
		if c.ended != nil {
			return fmt.Errorf("connection ended: %w", c.ended)
		}
		return errNotYet
	})
	return found
}

// request sends a request and returns the reply.
func (c *client) request(kind string, payload any) frame {
	c.t.Helper()
	text, err := json.Marshal(payload)
	require.NoError(c.t, err)
	c.lastID++
	id := c.lastID
	require.NoError(c.t, c.conn.WriteJSON(frame{Type: kind, ID: id, Payload: text}))
	answer := c.await("an answer to "+kind, func(f frame) bool { return f.ID == id })
	require.Equal(c.t, "reply", answer.Type, "%s", answer.Payload)
	return answer
}

func (c *client) join(channel string) {
	c.t.Helper()
	c.request("join", map[string]any{"channel": channel})
}

// publish sends a chat message.
func (c *client) publish(channel, text string) {
	c.t.Helper()
	c.request("publish", map[string]any{"channel": channel, "type": "chat", "payload": map[string]any{"text": text}})
}

// awaitMembers waits until the client's gateway says that exactly these members are present.
func (c *client) awaitMembers(channel string, want ...string) {
	c.t.Helper()
	eventually(c.t, fmt.Sprintf("%s on %s sees %v", c.member, c.gateway, want), func() error {
		got := c.request("presence", map[string]any{"channel": channel}).body().Members
		slices.Sort(got)
		if !slices.Equal(got, want) {
			return fmt.Errorf("present are %v", got)
		}
		return nil
	})
}

// awaitEnd waits until the connection has ended and returns why.
func (c *client) awaitEnd() error {
	c.t.Helper()
	var ended error
	eventually(c.t, c.member+"'s connection ends", func() error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if ended = c.ended; ended == nil {
			return errors.New("still open")
		}
		return nil
	})
	return ended
}

func chat(text string) func(frame) bool {
	return func(f frame) bool { return f.Type == "chat" && f.body().Text == text }
}

func event(kind, member string) func(frame) bool {
	return func(f frame) bool { return f.Type == kind && f.body().MemberID == member }
}

// quiet is how long tests look out for something that must not come.
const quiet = 500 * time.Millisecond
