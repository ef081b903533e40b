package hub

import (
	"slices"
	"time"
)

// A channel is what the hub knows of one channel. All fields belong to the lock of its shard.
type channel struct {
	name string
	// members is the merged presence.
	members memberSet
	// subscriptions are the local connections in the channel, in no order.
	subscriptions []*subscription
	// locals has one entry for each member in members at localBoot.
	locals map[internID]*localMember
	// typing has an entry for each member that is typing anywhere.
	typing map[internID]*typingState
	// interested are the other boots that want the channel's publishes.
	interested []Boot
	// interestSeq is where this hub's interest, if it has any, stands in the replicator's log.
	interestSeq uint64
	// published is the sequence number of the last publish that this hub accepted for the channel, or what to count from.
	published uint64
	// full and counting are how many subscriptions are of modes PresenceFull and PresenceCount: a huge channel where nobody
	// wants every join must not look through all its connections at each.
	full, counting int32
	countTimer     *timer
}

// A subscription is one connection in one channel.
type subscription struct {
	conn    Conn
	id      string
	session string
	channel *channel
	index   int
	member  internID
	mode    PresenceMode
}

// A localMember is a member's presence at this hub: its connections in the channel, or the time left after them.
type localMember struct {
	connections int
	// lingerUntil is when a connection that vanished, or a held leave, stops counting; zero when none does.
	lingerUntil time.Time
	timer       *timer
}

func (c *channel) empty() bool {
	return len(c.subscriptions) == 0 && c.members.used == 0 && len(c.interested) == 0
}

func (c *channel) subscribe(s *subscription) {
	s.index = len(c.subscriptions)
	c.subscriptions = append(c.subscriptions, s)
	c.tally(s.mode, 1)
}

func (c *channel) unsubscribe(s *subscription) {
	last := len(c.subscriptions) - 1
	moved := c.subscriptions[last]
	c.subscriptions[s.index] = moved
	moved.index = s.index
	c.subscriptions[last] = nil
	c.subscriptions = c.subscriptions[:last]
	c.tally(s.mode, -1)
	// A channel that was huge once must not keep the room for ever.
	if cap(c.subscriptions) > 64 && last < cap(c.subscriptions)/4 {
		c.subscriptions = append(make([]*subscription, 0, 2*last), c.subscriptions...)
	}
}

func (c *channel) setMode(s *subscription, mode PresenceMode) {
	c.tally(s.mode, -1)
	c.tally(mode, 1)
	s.mode = mode
}

func (c *channel) tally(mode PresenceMode, by int32) {
	switch mode {
	case PresenceFull:
		c.full += by
	case PresenceCount:
		c.counting += by
	}
}

// setInterested notes whether a boot wants the channel's publishes, and reports whether that is a change.
func (c *channel) setInterested(b Boot, wants bool) bool {
	at := slices.Index(c.interested, b)
	if at >= 0 == wants {
		return false
	}
	if wants {
		c.interested = append(c.interested, b)
	} else {
		c.interested = slices.Delete(c.interested, at, at+1)
	}
	return true
}

// isInterested says whether a boot wants the channel's publishes; boot 0 stands for any.
func (c *channel) isInterested(b Boot) bool {
	return b == 0 || slices.Contains(c.interested, b)
}
