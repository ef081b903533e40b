package gateway

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/starling-realtime/starling/gateway/httpapi"
)

// Channels implements [httpapi.Backend]. Presence is known here; the others are asked for their connections.
func (b apiBackend) Channels(ctx context.Context, prefix, after string, limit int) (httpapi.ChannelPage, error) {
	list, more := b.hub.ChannelsAfter(prefix, after, limit)
	page := httpapi.ChannelPage{Channels: make([]httpapi.ChannelCount, len(list)), More: more}
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = c.Name
		page.Channels[i] = httpapi.ChannelCount{Name: c.Name, MemberCount: c.Members}
	}
	counts, missing, err := b.countConnections(ctx, names)
	if err != nil {
		return httpapi.ChannelPage{}, err
	}
	for i, n := range counts {
		page.Channels[i].Connections = n
	}
	page.Missing = missing
	return page, nil
}

// Channel implements [httpapi.Backend].
func (b apiBackend) Channel(ctx context.Context, name string) (httpapi.Channel, error) {
	counts, missing, err := b.countConnections(ctx, []string{name})
	if err != nil {
		return httpapi.Channel{}, err
	}
	typing := b.hub.TypingMembers(name)
	slices.Sort(typing)
	return httpapi.Channel{
		ChannelCount: httpapi.ChannelCount{Name: name, MemberCount: b.hub.MemberCount(name), Connections: counts[0]},
		Typing:       orEmpty(typing), Missing: missing,
	}, nil
}

// Members implements [httpapi.Backend].
func (b apiBackend) Members(_ context.Context, channel, after string, limit int) (httpapi.MemberPage, error) {
	all := b.hub.Presence(channel)
	page := httpapi.MemberPage{MemberCount: len(all)}
	slices.Sort(all)
	from, found := slices.BinarySearch(all, after)
	if found {
		from++
	}
	all = all[from:]
	if page.More = len(all) > limit; page.More {
		all = all[:limit]
	}
	page.Members = orEmpty(all)
	return page, nil
}

// orEmpty makes a list that is encoded as [] when it is empty.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// A connectionsQuestion asks for the number of connections in each of some channels.
type connectionsQuestion struct {
	Channels []string `json:"channels"`
}

type connectionsAnswer struct {
	Connections []int `json:"connections"`
}

// answerConnections counts this gateway's connections.
func (g *Gateway) answerConnections(_ context.Context, _ string, body []byte) ([]byte, error) {
	var q connectionsQuestion
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, err
	}
	counts := make([]int, len(q.Channels))
	for i, name := range q.Channels {
		counts[i] = g.hub.ConnectionCount(name)
	}
	return json.Marshal(connectionsAnswer{counts})
}

// countConnections counts the connections of all gateways.
func (g *Gateway) countConnections(ctx context.Context, channels []string) ([]int, []httpapi.Missing, error) {
	counts := make([]int, len(channels))
	if len(channels) == 0 {
		return counts, nil, nil
	}
	missing, err := askEach(ctx, g, askConnections, connectionsQuestion{channels}, func(_ string, answer connectionsAnswer) {
		for i, n := range answer.Connections[:min(len(counts), len(answer.Connections))] {
			counts[i] += n
		}
	})
	return counts, missing, err
}
