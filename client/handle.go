package client

import (
	"bytes"
	"strings"
	"time"
)

// handle does what a frame says. f's payload is only valid during the call.
func (c *Client) handle(cn *conn, f *frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	isAnswer := f.id != 0 && f.Channel == ""
	switch {
	case c.closing && !isAnswer:
	case f.Channel != "", f.MID != "":
		c.message(cn, f)
	case f.Type == "reply", f.Type == "pong" && f.id != 0:
		cn.answered(f.id, answer{body: f.body})
	case f.Type == "error":
		c.refused(cn, f)
	case f.Type == "reconnect":
		cn.askedToMove(&f.body)
	case f.Type == "gap", f.Type == "typing", strings.HasPrefix(f.Type, "presence:"):
		c.aboutChannel(cn, f)
	}
}

// badFrame notes a frame that cannot be read. It is skipped: the protocol may have grown.
func (c *Client) badFrame(cn *conn, err error) {
	c.mu.Lock()
	c.stats.BadFrames++
	c.mu.Unlock()
	c.opts.Logger.Warn("skipping a frame", "gateway", cn.gateway, "conn", cn.id, "error", err)
}

// refused hands an error to the request that it answers.
func (c *Client) refused(cn *conn, f *frame) {
	err := f.body.err()
	if f.id != 0 && cn.answered(f.id, answer{err: err}) {
		return
	}
	cn.after = err.RetryAfter
	c.opts.Logger.Info("the gateway refused something", "gateway", cn.gateway, "conn", cn.id, "error", err)
}

const defaultOverlap = 2 * time.Second

func (cn *conn) askedToMove(b *body) {
	if cn.moving {
		return
	}
	cn.moving = true
	cn.moveAfter, cn.overlap = millis(b.AfterMs, mostAfter), millis(b.OverlapMs, mostOverlap)
	if b.OverlapMs == 0 {
		cn.overlap = defaultOverlap
	}
	close(cn.asked)
}

// message hands on what somebody published, or sent to the member, unless it came before, on the other connection of a move.
func (c *Client) message(cn *conn, f *frame) {
	events := c.direct.events
	if f.Channel != "" {
		ch := c.channels[f.Channel]
		if ch == nil || ch.seat(cn) == nil {
			return
		}
		events = ch.events
	}
	if f.MID != "" {
		most := usualMIDs
		if cn.moving || len(c.conns) > 1 {
			most = movingMIDs
		}
		if !c.seen.add(f.MID, most) {
			c.stats.Duplicates++
			return
		}
	}
	if events == nil {
		return
	}
	events.push(Message{
		Channel: f.Channel, Type: f.Type, From: f.From, MID: f.MID, Payload: bytes.Clone(f.Payload), Time: time.UnixMilli(f.TS),
	})
}

// aboutChannel hands on what the gateway says about a channel.
func (c *Client) aboutChannel(cn *conn, f *frame) {
	ch := c.channels[f.body.Channel]
	if ch == nil {
		return
	}
	s := ch.seat(cn)
	if s == nil {
		return
	}
	switch b := &f.body; f.Type {
	case "presence:snapshot":
		ch.snapshot(s, b)
	case "presence:join":
		ch.memberJoined(s, b.MemberID)
	case "presence:leave":
		ch.memberLeft(s, b.MemberID)
	case "presence:count":
		ch.counted(s, b.MemberCount)
	case "typing":
		ch.memberTypes(s, b.MemberID, b.isTyping)
	case "gap":
		ch.emit(Gap{Channel: ch.name, Cause: GapGateway, Gateway: b.Gateway})
	}
}
