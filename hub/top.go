package hub

import (
	"cmp"
	priority "container/heap"
	"slices"
)

// A ChannelSize is how large a channel is.
type ChannelSize struct {
	Channel string
	// Members are present, in the merged view; Typing of them type.
	Members int
	Typing  int
	// Connections are this hub's only.
	Connections int
}

// Largest returns the channels with the most members of those that match accepts, at most limit of them, the largest first and those
// of one size by name; and how many match accepts. A nil match accepts all. It looks at every channel, with one lock of many at a
// time, and keeps no more than limit of them; match runs under these locks and must not call the hub.
func (h *Hub) Largest(limit int, match func(channel string) bool) (top []ChannelSize, matching int) {
	var kept smallestFirst
	h.eachShard(func(s *shard) {
		for name, c := range s.channels {
			if c.members.members == 0 && len(c.subscriptions) == 0 || match != nil && !match(name) {
				continue
			}
			matching++
			size := ChannelSize{Channel: name, Members: c.members.members, Typing: len(c.typing), Connections: len(c.subscriptions)}
			switch {
			case len(kept) < limit:
				priority.Push(&kept, size)
			case limit > 0 && larger(size, kept[0]) < 0:
				kept[0] = size
				priority.Fix(&kept, 0)
			}
		}
	})
	slices.SortFunc(kept, larger)
	return kept, matching
}

// larger orders the larger of two channels before the other.
func larger(a, b ChannelSize) int {
	return cmp.Or(cmp.Compare(b.Members, a.Members), cmp.Compare(b.Connections, a.Connections), cmp.Compare(a.Channel, b.Channel))
}

// smallestFirst is a heap of channels whose first is the one to give way.
type smallestFirst []ChannelSize

func (s smallestFirst) Len() int           { return len(s) }
func (s smallestFirst) Less(i, j int) bool { return larger(s[i], s[j]) > 0 }
func (s smallestFirst) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *smallestFirst) Push(x any)        { *s = append(*s, x.(ChannelSize)) }

func (s *smallestFirst) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}
