package hub

import (
	"cmp"
	"slices"
	"strings"
)

// ChannelMembers is a channel with the number of members present in it.
type ChannelMembers struct {
	Name    string
	Members int
}

// ChannelsAfter lists the channels in which a member is present, whose names begin with prefix and come after a name, in the order of
// their names' bytes; limit at most, and whether there are more. It looks at every channel, and keeps about 2 x limit of them.
func (h *Hub) ChannelsAfter(prefix, after string, limit int) (page []ChannelMembers, more bool) {
	if limit <= 0 {
		return nil, false
	}
	last := "" // no name from here on can be in the page; empty: unknown
	h.eachShard(func(s *shard) {
		for name, c := range s.channels {
			if c.members.members == 0 || name <= after || !strings.HasPrefix(name, prefix) || last != "" && name > last {
				continue
			}
			page = append(page, ChannelMembers{name, c.members.members})
			// One more than the limit is kept, which says that there are more.
			if len(page) > 2*(limit+1) {
				page = firstChannels(page, limit+1)
				last = page[limit].Name
			}
		}
	})
	page = firstChannels(page, limit+1)
	if len(page) > limit {
		return page[:limit], true
	}
	return page, false
}

func firstChannels(list []ChannelMembers, n int) []ChannelMembers {
	slices.SortFunc(list, func(a, b ChannelMembers) int { return cmp.Compare(a.Name, b.Name) })
	return list[:min(n, len(list))]
}

// ChannelsOf returns the channels that a connection of this hub is in, in no order.
func (h *Hub) ChannelsOf(connID string) []string { return h.connections.channels(connID) }

// IsJoined says whether a connection of this hub is in the channel.
func (h *Hub) IsJoined(channelName, connID string) bool {
	return h.connections.get(connID, channelName) != nil
}
