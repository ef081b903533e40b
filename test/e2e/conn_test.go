//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// dialTimeout is short: a dead pod's address may swallow packets, and another try goes elsewhere.
	dialTimeout = 2 * time.Second
	// answerTimeout is generous: the machine is busy.
	answerTimeout = 20 * time.Second
)

// A conn is one connection of a member, in the channel of the test.
type conn struct {
	ws      *websocket.Conn
	gateway string

	writing sync.Mutex
	lastID  int
}

// open connects to the Service. It returns after the welcome.
func open(ctx context.Context, address, member, session string) (*conn, error) {
	dialer := websocket.Dialer{
		NetDialContext:   (&net.Dialer{Timeout: dialTimeout}).DialContext,
		HandshakeTimeout: answerTimeout,
	}
	query := url.Values{"member": {member}, "session": {session}}
	ws, response, err := dialer.DialContext(ctx, "ws://"+address+"/ws?"+query.Encode(), nil)
	if err != nil {
		if response != nil {
			return nil, fmt.Errorf("connecting %s: %w: %s", member, err, response.Status)
		}
		return nil, fmt.Errorf("connecting %s: %w", member, err)
	}
	c := &conn{ws: ws}
	_ = ws.SetReadDeadline(time.Now().Add(answerTimeout))
	welcome, err := c.read()
	if err != nil || welcome.Type != "welcome" {
		_ = ws.Close()
		return nil, fmt.Errorf("waiting for the welcome of %s: got %q: %w", member, welcome.Type, err)
	}
	_ = ws.SetReadDeadline(time.Time{})
	c.gateway = welcome.body().Gateway
	return c, nil
}

// read returns the next frame.
func (c *conn) read() (frame, error) {
	_, data, err := c.ws.ReadMessage()
	if err != nil {
		return frame{}, err
	}
	var f frame
	if err := json.Unmarshal(data, &f); err != nil {
		return frame{}, fmt.Errorf("reading frame %s: %w", data, err)
	}
	return f, nil
}

// send writes a request and returns its id.
func (c *conn) send(kind string, payload any) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.lastID++
	data, err := json.Marshal(payload)
	if err != nil {
		return 0, err
	}
	_ = c.ws.SetWriteDeadline(time.Now().Add(answerTimeout))
	return c.lastID, c.ws.WriteJSON(frame{Type: kind, ID: c.lastID, Payload: data})
}

// close says goodbye, so that the gateway lets the member linger for its grace.
func (c *conn) close() {
	goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	_ = c.ws.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(time.Second))
	_ = c.ws.Close()
}
