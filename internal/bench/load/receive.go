package load

import (
	"bytes"
	"strconv"

	"github.com/starling-realtime/starling/internal/bench/dialect"
)

// messages handles the messages of one frame.
func (c *conn) messages(payload []byte, now int64) {
	if !c.e.dialect.Lines() {
		c.message(payload, now)
		return
	}
	for len(payload) > 0 {
		line, rest, _ := bytes.Cut(payload, []byte{'\n'})
		c.message(line, now)
		payload = rest
	}
}

func (c *conn) message(msg []byte, now int64) {
	if mark, ok := dialect.FindMark(msg); ok {
		c.delivered(mark, now)
		return
	}
	switch m := c.e.dialect.Read(msg); m.Kind {
	case dialect.Ready:
		c.greeted()
	case dialect.Joined:
		c.joined()
	case dialect.Answer:
		c.send(m.Answer)
	case dialect.Appeared:
		c.e.appeared(m.Channel, now)
	case dialect.Vanished:
		c.e.result.Vanished++
	case dialect.Gap:
		c.e.result.Gaps++
	case dialect.Refused:
		c.e.refused(msg)
	case dialect.Other:
	}
}

// delivered notes an event.
func (c *conn) delivered(m dialect.Mark, now int64) {
	r, w := &c.e.result, &c.e.window
	r.Delivered++
	if w.holds(now) {
		r.InWindow++
	}
	if w.holds(m.At) {
		r.Latency.Record(now - m.At)
	}
	for i := range c.subs {
		if c.subs[i].stream == m.Stream {
			switch c.subs[i].take(m.Seq) {
			case reordered:
				r.Reordered++
			case duplicate:
				r.Duplicates++
			case inOrder:
			}
			return
		}
	}
	r.Untracked++
}

// A window is when deliveries are measured.
type window struct{ start, end int64 }

func (w *window) holds(at int64) bool { return at >= w.start && at < w.end }

// appeared notes that a member was seen to join a channel.
func (e *engine) appeared(channel []byte, now int64) {
	n, err := strconv.Atoi(string(bytes.TrimPrefix(channel, []byte("c"))))
	if err != nil || n >= len(e.toggled) {
		return
	}
	due := e.toggled[n].Load()
	if due == 0 {
		return // it joined before it was measured
	}
	e.result.Delivered++
	if e.window.holds(now) {
		e.result.InWindow++
	}
	if e.window.holds(due) {
		e.result.Latency.Record(now - due)
	}
}

// refused notes an error of the server.
func (e *engine) refused(msg []byte) {
	if e.result.Errors == 0 {
		e.result.FirstError = string(msg[:min(len(msg), 300)])
	}
	e.result.Errors++
}
