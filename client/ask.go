package client

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A Snapshot is who is in a channel.
type Snapshot struct {
	// Members and Typing are in no order. Members is cut when Truncated (--max-snapshot-members).
	Members, Typing []string
	// Count is the number of members, all of them.
	Count     int
	Truncated bool
}

// Presence asks who is in a channel, which the client need not have joined. It waits for a connection if there is none.
func (c *Client) Presence(ctx context.Context, channel string) (Snapshot, error) {
	payload := append([]byte(`{"channel":`), quote(channel)...)
	b, err := c.ask(ctx, "presence", append(payload, '}'))
	if err != nil {
		return Snapshot{}, fmt.Errorf("asking who is in %q: %w", channel, err)
	}
	return Snapshot{Members: b.Members, Typing: b.typingMembers, Count: b.MemberCount, Truncated: b.Truncated}, nil
}

// Ping asks the gateway for a sign of life and returns how long that took, which includes the time to connect if there is no
// connection.
func (c *Client) Ping(ctx context.Context) (time.Duration, error) {
	begin := time.Now()
	if _, err := c.ask(ctx, "ping", []byte("null")); err != nil {
		return 0, fmt.Errorf("pinging: %w", err)
	}
	return time.Since(begin), nil
}

// An ask is a request that changes nothing, and so is sent again when its answer is lost.
type ask struct {
	typ     string
	payload []byte
	done    chan answer // has room for the answer
	sent    bool        // on a connection that is not over
}

func (c *Client) ask(ctx context.Context, typ string, payload []byte) (body, error) {
	a := &ask{typ: typ, payload: payload, done: make(chan answer, 1)}
	c.mu.Lock()
	if c.closing {
		c.mu.Unlock()
		return body{}, c.err
	}
	c.asks[a] = struct{}{}
	c.submit(a)
	c.mu.Unlock()
	select {
	case got := <-a.done:
		return got.body, got.err
	case <-ctx.Done():
		c.mu.Lock()
		delete(c.asks, a)
		c.mu.Unlock()
		return body{}, context.Cause(ctx)
	}
}

// submit sends an ask if there is a connection; else it waits for one. The caller holds the lock.
func (c *Client) submit(a *ask) {
	cn := c.newest()
	if cn == nil || a.sent {
		return
	}
	a.sent = true
	cn.request(a.typ, a.payload, func(got answer) {
		if _, wanted := c.asks[a]; !wanted {
			return
		}
		if errors.Is(got.err, errLost) {
			a.sent = false
			c.submit(a)
			return
		}
		delete(c.asks, a)
		a.done <- got
	})
}
