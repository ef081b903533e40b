package gateway

import (
	"maps"
	"slices"
)

// listLimit is the size from which a set of channels is worth an index.
const listLimit = 16

// A channelSet is the channels that one connection is in. Most are in one or two: a short list takes an eighth of the memory of a
// map. It belongs to the connection's read goroutine.
type channelSet struct {
	list  []string
	index map[string]struct{}
}

func (s *channelSet) len() int {
	if s.index != nil {
		return len(s.index)
	}
	return len(s.list)
}

func (s *channelSet) has(channel string) bool {
	if s.index != nil {
		_, ok := s.index[channel]
		return ok
	}
	return slices.Contains(s.list, channel)
}

// names returns a copy of the channels, in no order.
func (s *channelSet) names() []string {
	if s.index == nil {
		return slices.Clone(s.list)
	}
	return slices.Collect(maps.Keys(s.index))
}

// add adds a channel that is not in the set.
func (s *channelSet) add(channel string) {
	if s.index != nil {
		s.index[channel] = struct{}{}
		return
	}
	s.list = append(s.list, channel)
	if len(s.list) <= listLimit {
		return
	}
	s.index = make(map[string]struct{}, len(s.list))
	for _, c := range s.list {
		s.index[c] = struct{}{}
	}
	s.list = nil
}

func (s *channelSet) remove(channel string) {
	if s.index != nil {
		delete(s.index, channel)
		return
	}
	if i := slices.Index(s.list, channel); i >= 0 {
		s.list = slices.Delete(s.list, i, i+1)
	}
}
