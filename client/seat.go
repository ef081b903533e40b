package client

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// A seat is a channel on one connection. While the client moves a channel has two.
type seat struct {
	conn   *conn
	joined bool
	// pending says that the connection's readiness waits for this seat.
	pending bool
	retry   *timer
	// count is how many members there are, as this connection was told; known says that it was.
	count int
	known bool
}

// shortestRetry is the least time between two tries to join a channel on one connection.
const shortestRetry = 20 * time.Millisecond

// joinAll joins all channels on a new connection. The caller holds the client's lock.
func (c *Client) joinAll(cn *conn) {
	list := make([]*Channel, 0, len(c.channels))
	for _, ch := range c.channels {
		list = append(list, ch)
	}
	slices.SortFunc(list, func(a, b *Channel) int { return cmp.Compare(a.seq, b.seq) })
	for _, ch := range list {
		ch.sit(cn)
	}
	cn.checkReady()
}

func (cn *conn) checkReady() {
	if cn.joining == 0 && !cn.isReady {
		cn.isReady = true
		close(cn.ready)
	}
}

// seat is the channel's place on a connection; nil: none.
func (ch *Channel) seat(cn *conn) *seat {
	for _, s := range ch.seats {
		if s.conn == cn {
			return s
		}
	}
	return nil
}

// sit takes a seat on a connection and joins there.
func (ch *Channel) sit(cn *conn) {
	s := &seat{conn: cn, pending: true}
	ch.seats = append(ch.seats, s)
	cn.joining++
	ch.join(s)
}

func (ch *Channel) join(s *seat) {
	b := append([]byte(`{"channel":`), ch.quoted...)
	if ch.mode != PresenceFull {
		b = append(b, `,"presence":"`...)
		b = append(b, ch.mode...)
		b = append(b, '"')
	}
	s.conn.request("join", append(b, '}'), func(a answer) { ch.joinAnswered(s, a) })
}

func (ch *Channel) joinAnswered(s *seat, a answer) {
	if ch.gone != nil || !slices.Contains(ch.seats, s) {
		return
	}
	var refused *Error
	switch {
	case a.err == nil:
		ch.sat(s, &a.body)
	case errors.As(a.err, &refused) && refused.temporary():
		s.retry = ch.c.after(max(refused.RetryAfter, shortestRetry), func() { ch.join(s) })
	case errors.As(a.err, &refused):
		ch.c.opts.Logger.Warn("cannot stay in a channel", "channel", ch.name, "error", a.err)
		delete(ch.c.channels, ch.name)
		ch.end(a.err)
	}
}

// sat is called when a join was confirmed.
func (ch *Channel) sat(s *seat, b *body) {
	s.joined = true
	s.settle()
	first := !ch.entered
	ch.entered = true
	if ch.missed {
		ch.missed = false
		ch.emit(Gap{Channel: ch.name, Cause: GapReconnect})
	}
	if b.Partial {
		ch.emit(Gap{Channel: ch.name, Cause: GapPartial})
	}
	if first {
		ch.info = JoinInfo{NewlyPresent: b.NewlyPresent, Partial: b.Partial}
		close(ch.answered)
	}
	ch.typist.repeat(ch, s)
	ch.pump()
}

// settle says that the connection need not wait for this seat any more.
func (s *seat) settle() {
	if s.pending {
		s.pending = false
		s.conn.joining--
		s.conn.checkReady()
	}
}

// unseat is called when a connection is over.
func (ch *Channel) unseat(cn *conn) {
	s := ch.seat(cn)
	if s == nil {
		return
	}
	ch.dismiss(s)
	if s.joined && !ch.isJoined() {
		ch.missed = true
	} else if s.joined && !cn.leaving {
		// Joined elsewhere, but the overlap was cut short: what only this connection would have brought is missing.
		ch.emit(Gap{Channel: ch.name, Cause: GapReconnect})
	}
}

// dismiss gives up a seat.
func (ch *Channel) dismiss(s *seat) {
	s.retry.stop()
	s.settle()
	ch.seats = slices.DeleteFunc(ch.seats, func(other *seat) bool { return other == s })
	ch.dropView(s)
}

func (ch *Channel) isJoined() bool {
	return slices.ContainsFunc(ch.seats, func(s *seat) bool { return s.joined })
}
