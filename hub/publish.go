package hub

import (
	"encoding/json"
	"fmt"
	"time"
)

// Publish gives an event to the local connections in the channel, but for those that the options exclude, and to the
// other hubs that want it. It returns the number of local connections that took it. A channel that nobody is in is not
// an error: nothing happens. The payload is encoded as JSON once; a json.RawMessage is trusted, goes out verbatim and must
// not be modified afterwards; nil is null. Any member may publish, in the channel or not: callers that want a rule enforce it.
//
// The error is [ErrInvalidName], [ErrReservedType] or [ErrInvalidPayload].
func (h *Hub) Publish(channelName, typ string, payload any, opts PublishOptions) (int, error) {
	if err := CheckName("channel", channelName); err != nil {
		return 0, fmt.Errorf("publishing: %w", err)
	}
	if err := CheckEventType(typ); err != nil {
		return 0, fmt.Errorf("publishing to channel %q: %w", channelName, err)
	}
	body, err := encodePayload(payload)
	if err != nil {
		return 0, fmt.Errorf("publishing to channel %q: %w", channelName, err)
	}
	e := &Event{
		Type: typ, Channel: channelName, From: opts.From, MID: opts.MID, Payload: body, UnixMilli: time.Now().UnixMilli(),
	}
	s := h.shardOf(channelName)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[channelName]
	if c != nil {
		c.published++
		e.Seq = c.published
	}
	if r := h.opts.Replicator; r != nil && (opts.Key != "" || c != nil && len(c.interested) > 0) {
		var to []Boot
		if c != nil {
			to = c.interested
		}
		r.Forward(e, opts, to)
	}
	if c == nil {
		return 0, nil
	}
	return h.fanOut(c, e, opts), nil
}

func encodePayload(payload any) (json.RawMessage, error) {
	switch p := payload.(type) {
	case nil:
		return json.RawMessage("null"), nil
	case json.RawMessage:
		if len(p) == 0 {
			return json.RawMessage("null"), nil
		}
		return p, nil
	}
	body, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("encoding a %T: %w: %w", payload, err, ErrInvalidPayload)
	}
	return body, nil
}

// fanOut gives an event to the local connections that the options do not exclude.
func (h *Hub) fanOut(c *channel, e *Event, opts PublishOptions) (delivered int) {
	skip := h.exclusion(opts)
	for _, s := range c.subscriptions {
		if skip.any && skip.covers(s) {
			continue
		}
		if h.deliver(s, e) {
			delivered++
		}
	}
	return delivered
}

// An exclusion is what [PublishOptions] exclude, with member ids as numbers.
type exclusion struct {
	any     bool
	connID  string
	member  internID
	session string
	from    internID
}

func (h *Hub) exclusion(opts PublishOptions) exclusion {
	x := exclusion{connID: opts.ExceptConnID, session: opts.ExceptSession}
	if opts.ExceptMemberID != "" {
		x.member = h.ids.lookup(opts.ExceptMemberID)
	}
	if opts.ExceptSession != "" {
		x.from = h.ids.lookup(opts.From)
	}
	x.any = x.connID != "" || x.member != 0 || x.from != 0
	return x
}

func (x *exclusion) covers(s *subscription) bool {
	return x.connID != "" && s.id == x.connID ||
		x.member != 0 && s.member == x.member ||
		x.from != 0 && s.member == x.from && s.session == x.session
}

// DeliverRemote gives another hub's publish to the local connections that the options do not exclude, and returns how
// many took it.
func (h *Hub) DeliverRemote(e *Event, opts PublishOptions) int {
	s := h.shardOf(e.Channel)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[e.Channel]
	if c == nil {
		return 0
	}
	return h.fanOut(c, e, opts)
}

// DeliverGap tells the local connections in the channels that publishes of a gateway may have been lost.
func (h *Hub) DeliverGap(gateway string, channels []string) {
	for _, name := range channels {
		h.shardOf(name).locked(func(s *shard) {
			if c := s.channels[name]; c != nil {
				h.sendGap(c, gateway)
			}
		})
	}
}

// DeliverGapAll does the same for every channel in which the boot is interested; with boot 0, for every channel.
func (h *Hub) DeliverGapAll(gateway string, interested Boot) {
	h.eachShard(func(s *shard) {
		for _, c := range s.channels {
			if c.isInterested(interested) {
				h.sendGap(c, gateway)
			}
		}
	})
}

func (h *Hub) sendGap(c *channel, gateway string) {
	if len(c.subscriptions) == 0 {
		return
	}
	e := h.event(TypeGap, c.name, gapPayload{c.name, gateway})
	for _, s := range c.subscriptions {
		h.deliver(s, e)
	}
}
