package client

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// A typist repeats that the member types.
type typist struct {
	on    bool
	until time.Time
	tick  *timer
}

func (t *typist) stop() {
	t.on = false
	t.tick.stop()
}

// StartTyping says that the member types; call it with each key pressed. The client repeats it to the gateway as often as needed,
// and says that the member has stopped after [Options.TypingIdle] without a call, or at [Channel.StopTyping]. It does not wait for
// the gateway. The error is [ErrLeft] or [ErrClosed].
func (ch *Channel) StartTyping() error {
	ch.c.mu.Lock()
	defer ch.c.mu.Unlock()
	if ch.gone != nil {
		return fmt.Errorf("typing in %q: %w", ch.name, ch.gone)
	}
	ch.until = time.Now().Add(ch.c.opts.TypingIdle)
	if !ch.on {
		ch.on = true
		ch.goOnTyping()
	}
	return nil
}

// StopTyping says that the member types no more. The error is [ErrLeft] or [ErrClosed].
func (ch *Channel) StopTyping() error {
	ch.c.mu.Lock()
	defer ch.c.mu.Unlock()
	if ch.gone != nil {
		return fmt.Errorf("typing in %q: %w", ch.name, ch.gone)
	}
	if ch.on {
		ch.endTyping()
	}
	return nil
}

func (ch *Channel) goOnTyping() {
	left := time.Until(ch.until)
	if left <= 0 {
		ch.endTyping()
		return
	}
	for _, s := range slices.Backward(ch.seats) { // one is enough: what only the other gateway knows runs out
		if s.joined {
			ch.sendTyping(s, true)
			break
		}
	}
	ch.tick = ch.c.after(min(left, ch.c.opts.TypingRefresh), ch.goOnTyping)
}

func (ch *Channel) endTyping() {
	ch.typist.stop()
	for _, s := range ch.seats { // all, since both gateways may have been told that it began
		if s.joined {
			ch.sendTyping(s, false)
		}
	}
}

// repeat tells a connection that has just joined.
func (t *typist) repeat(ch *Channel, s *seat) {
	if t.on {
		ch.sendTyping(s, true)
	}
}

// sendTyping wants no answer: the next one comes soon.
func (ch *Channel) sendTyping(s *seat, typing bool) {
	b := append([]byte(`{"channel":`), ch.quoted...)
	b = append(b, `,"typing":`...)
	b = strconv.AppendBool(b, typing)
	s.conn.out.send(encode("typing", 0, append(b, '}')))
}
