package hub

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const room = "room"

// newHub returns a hub that is closed at the end of the test.
func newHub(t testing.TB, opts Options) *Hub {
	t.Helper()
	h := New(opts)
	t.Cleanup(h.Close)
	return h
}

// join joins with a fresh connection, which the hub is bound to.
func join(t require.TestingT, h *Hub, channel, member, conn string) *fakeConn {
	return joinWith(t, h, channel, member, conn, JoinOptions{})
}

func joinWith(t require.TestingT, h *Hub, channel, member, conn string, opts JoinOptions) *fakeConn {
	c := newConn(conn)
	h.Bind(c)
	_, err := h.Join(channel, member, c, opts)
	require.NoError(t, err)
	return c
}

// joinAgain joins with a connection that exists.
func joinAgain(t require.TestingT, h *Hub, channel, member string, c *fakeConn) JoinResult {
	r, err := h.Join(channel, member, c, JoinOptions{})
	require.NoError(t, err)
	return r
}

func leave(t require.TestingT, h *Hub, channel, member string, c *fakeConn) LeaveResult {
	r, err := h.Leave(channel, member, c)
	require.NoError(t, err)
	return r
}

func publish(t require.TestingT, h *Hub, channel, typ, payload string, opts PublishOptions) int {
	n, err := h.Publish(channel, typ, payload, opts)
	require.NoError(t, err)
	return n
}

// requirePresence says that exactly these members are present.
func requirePresence(t require.TestingT, h *Hub, channel string, members ...string) {
	require.ElementsMatch(t, members, h.Presence(channel))
	require.Equal(t, len(members), h.MemberCount(channel))
	for _, m := range members {
		require.True(t, h.IsPresent(channel, m), "IsPresent(%q, %q)", channel, m)
	}
}

// requireEmpty says that the hub holds nothing any more, in its totals and in its tables.
func requireEmpty(t require.TestingT, h *Hub) {
	stats := h.Stats()
	stats.DeliveryErrors = 0
	require.Equal(t, Stats{}, stats)
	require.Empty(t, h.ChannelNames())
	for i := range h.shards {
		s := &h.shards[i]
		s.mu.Lock()
		require.Empty(t, s.channels)
		s.mu.Unlock()
	}
	for i := range h.ids.shards {
		s := &h.ids.shards[i]
		require.Empty(t, s.numbers)
		require.Len(t, s.free, len(s.slots), "every number is free again")
		for _, slot := range s.slots {
			require.Equal(t, internSlot{}, slot)
		}
	}
	require.Zero(t, h.connections.len())
	h.timers.mu.Lock()
	defer h.timers.mu.Unlock()
	require.Empty(t, h.timers.pending)
}

// requireNoBoots says that the hub holds nothing of other boots.
func requireNoBoots(t require.TestingT, h *Hub) {
	h.boots.mu.Lock()
	defer h.boots.mu.Unlock()
	require.Empty(t, h.boots.numbers)
	require.Len(t, h.boots.free, len(h.boots.digests)-1, "every number but the local one is free again")
	for _, d := range h.boots.digests {
		require.Equal(t, Digest{}, d)
	}
}

// requireConsistent says that what the hub keeps twice, to find it fast, agrees.
func requireConsistent(t require.TestingT, h *Hub) {
	stats := Stats{Members: h.ids.len(), Connections: h.connections.len(), DeliveryErrors: h.counts.deliveryErrors.Load()}
	timers := map[*timer]bool{}
	h.eachShard(func(s *shard) {
		for _, c := range s.channels {
			collectTimers(c, timers)
			stats.Channels++
			if len(c.subscriptions) > 0 {
				stats.LocalChannels++
			}
			stats.PresenceEntries += c.members.used
			stats.LocalEntries += len(c.locals)
			requireConsistentChannel(t, c)
		}
	})
	require.Equal(t, stats, h.Stats())
	require.Equal(t, timers, pendingTimers(h), "no timer runs for nothing")
}

// collectTimers gathers the timers that a channel waits for.
func collectTimers(c *channel, timers map[*timer]bool) {
	for _, m := range c.locals {
		timers[m.timer] = true
	}
	for _, s := range c.typing {
		for _, f := range s.flags {
			timers[f.timer] = true
		}
	}
	timers[c.countTimer] = true
	delete(timers, nil)
}

func pendingTimers(h *Hub) map[*timer]bool {
	h.timers.mu.Lock()
	defer h.timers.mu.Unlock()
	pending := map[*timer]bool{}
	for t := range h.timers.pending {
		pending[t] = true
	}
	return pending
}

func requireConsistentChannel(t require.TestingT, c *channel) {
	require.False(t, c.empty(), "an empty channel is dropped")
	modes, connections := map[PresenceMode]int32{}, map[internID]int{}
	for i, s := range c.subscriptions {
		if s.index != i {
			require.Equal(t, i, s.index)
		}
		modes[s.mode]++
		connections[s.member]++
	}
	require.Equal(t, []int32{modes[PresenceFull], modes[PresenceCount]}, []int32{c.full, c.counting})
	locals := 0
	c.members.each(func(x slot) {
		if x.boot == localBoot {
			locals++
		}
	})
	require.Equal(t, len(c.locals), locals)
	for id, m := range c.locals {
		if !c.members.has(id, localBoot) || m.connections != connections[id] || m.connections == 0 && m.timer == nil {
			require.Fail(t, "a local member is inconsistent", "%+v", m)
		}
	}
}
