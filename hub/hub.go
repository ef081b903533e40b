package hub

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// defaultCountInterval is how long presence:count events of a channel are coalesced unless the options say otherwise.
const defaultCountInterval = 250 * time.Millisecond

// leaveHold is how long an explicit leave waits while another hub lists the member: the member may be moving, and its
// join elsewhere may not have reached every observer yet.
const leaveHold = time.Second

// A Hub holds channels, presence and typing, and delivers events. Make one with [New]; all methods are safe for
// concurrent use.
type Hub struct {
	opts        Options
	logger      *slog.Logger
	shards      [Buckets]shard
	ids         interner
	boots       bootTable
	connections connectionTable
	timers      timerGroup
	counts      counters
}

// A shard owns the channels of one bucket. Its lock is the lock of each of them.
type shard struct {
	mu       sync.Mutex
	channels map[string]*channel
	// published is the highest sequence number that a channel had when it was dropped. New channels count from there: one
	// that comes back must not use a number again, and there is no room to remember each.
	published uint64
}

// counters are the totals behind [Hub.Stats].
type counters struct {
	channels       atomic.Int64
	localChannels  atomic.Int64
	entries        atomic.Int64
	localEntries   atomic.Int64
	deliveryErrors atomic.Uint64
}

// Stats are a hub's totals, cheap enough for every scrape. Each is exact at some moment, but not all at the same one.
type Stats struct {
	// Channels is the number of live channels in the merged view.
	Channels int
	// LocalChannels is the number of channels with local connections.
	LocalChannels int
	// Members is the number of distinct members present in any channel, in the merged view.
	Members int
	// PresenceEntries is the number of (channel, member, boot) triples in the merged view.
	PresenceEntries int
	// LocalEntries is how many of them are this hub's own.
	LocalEntries int
	// Connections is the number of local connections in at least one channel.
	Connections int
	// DeliveryErrors is the number of events that a connection refused, since the hub was made.
	DeliveryErrors uint64
}

// New returns an empty hub. Call [Hub.Close] when it is no longer needed.
func New(opts Options) *Hub {
	if opts.CountInterval <= 0 {
		opts.CountInterval = defaultCountInterval
	}
	logger := opts.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	h := &Hub{opts: opts, logger: logger}
	for i := range h.shards {
		h.shards[i].channels = make(map[string]*channel)
	}
	h.ids.init()
	h.boots.init()
	h.connections.init()
	return h
}

// Close ends all timers and waits for those that are running; members that linger then stay as they are. Later joins and
// typing return [ErrClosed]. Close may be called more than once.
func (h *Hub) Close() { h.timers.close() }

// Stats returns the hub's totals.
func (h *Hub) Stats() Stats {
	return Stats{
		Channels:        int(h.counts.channels.Load()),
		LocalChannels:   int(h.counts.localChannels.Load()),
		Members:         h.ids.len(),
		PresenceEntries: int(h.counts.entries.Load()),
		LocalEntries:    int(h.counts.localEntries.Load()),
		Connections:     h.connections.len(),
		DeliveryErrors:  h.counts.deliveryErrors.Load(),
	}
}

func (h *Hub) shardOf(channelName string) *shard { return &h.shards[Bucket(channelName)] }

// eachShard calls fn for one shard after another, with its lock held.
func (h *Hub) eachShard(fn func(*shard)) {
	for i := range h.shards {
		h.shards[i].locked(fn)
	}
}

func (s *shard) locked(fn func(*shard)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn(s)
}

// channelFor returns the channel, made if need be. The shard's lock is held.
func (h *Hub) channelFor(s *shard, name string) *channel {
	c := s.channels[name]
	if c == nil {
		c = &channel{name: name, published: s.published}
		s.channels[name] = c
		h.counts.channels.Add(1)
	}
	return c
}

// dropIfEmpty forgets a channel that nobody is in. The shard's lock is held.
func (h *Hub) dropIfEmpty(s *shard, c *channel) {
	if !c.empty() || s.channels[c.name] != c {
		return
	}
	c.countTimer.stop()
	s.published = max(s.published, c.published)
	delete(s.channels, c.name)
	h.counts.channels.Add(-1)
}

// append records a local change with the replicator, if there is one.
func (h *Hub) append(d Delta) uint64 {
	if h.opts.Replicator == nil {
		return 0
	}
	return h.opts.Replicator.Append(d)
}
