package hub

import (
	"encoding/json"
	"time"
)

// presencePayload is the body of presence:join and presence:leave.
type presencePayload struct {
	Channel  string `json:"channel"`
	MemberID string `json:"memberId"`
}

// countPayload is the body of presence:count.
type countPayload struct {
	Channel     string `json:"channel"`
	MemberCount int    `json:"memberCount"`
}

// typingPayload is the body of typing.
type typingPayload struct {
	Channel  string `json:"channel"`
	MemberID string `json:"memberId"`
	Typing   bool   `json:"typing"`
}

// gapPayload is the body of gap.
type gapPayload struct {
	Channel string `json:"channel"`
	Gateway string `json:"gateway"`
}

func (h *Hub) event(typ, channel string, payload any) *Event {
	body, err := json.Marshal(payload)
	if err != nil {
		// Structs of strings, numbers and booleans always encode.
		h.logger.Error("encoding an event", "type", typ, "channel", channel, "error", err)
	}
	return &Event{Type: typ, Channel: channel, Payload: body, UnixMilli: time.Now().UnixMilli()}
}

// deliver gives an event to one connection and reports whether it took it.
func (h *Hub) deliver(s *subscription, e *Event) bool {
	if err := s.conn.Deliver(e); err != nil {
		h.counts.deliveryErrors.Add(1)
		return false
	}
	return true
}

// sendFull gives an event to the connections that get every presence event, but for one.
func (h *Hub) sendFull(c *channel, except string, event func() *Event) {
	if c.full == 0 {
		return
	}
	var e *Event
	for _, s := range c.subscriptions {
		if s.mode != PresenceFull || s.id == except {
			continue
		}
		if e == nil {
			e = event()
		}
		h.deliver(s, e)
	}
}

// sendPresence tells of a member's transition in the merged view.
func (h *Hub) sendPresence(c *channel, typ, member, except string) {
	h.sendFull(c, except, func() *Event { return h.event(typ, c.name, presencePayload{c.name, member}) })
	h.scheduleCount(c)
}

func (h *Hub) sendTyping(c *channel, id internID, typing bool, except string) {
	h.sendFull(c, except, func() *Event {
		return h.event(TypeTyping, c.name, typingPayload{c.name, h.ids.name(id), typing})
	})
}

// scheduleCount sends presence:count once the interval has passed, however many changes come until then.
func (h *Hub) scheduleCount(c *channel) {
	if c.counting == 0 || c.countTimer != nil {
		return
	}
	c.countTimer = h.timers.after(h.opts.CountInterval, func() { h.sendCount(c) })
}

func (h *Hub) sendCount(c *channel) {
	s := h.shardOf(c.name)
	s.mu.Lock()
	defer s.mu.Unlock()
	c.countTimer = nil
	if s.channels[c.name] != c {
		return
	}
	e := h.event(TypePresenceCount, c.name, countPayload{c.name, c.members.members})
	for _, sub := range c.subscriptions {
		if sub.mode == PresenceCount {
			h.deliver(sub, e)
		}
	}
}
