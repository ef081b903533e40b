package hub

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestLargestChannels(t *testing.T) {
	h := newHub(t, Options{})
	for i, channel := range []string{"a:1", "a:2", "a:2", "b:1", "b:1", "b:1"} {
		join(t, h, channel, fmt.Sprintf("m-%d", i), fmt.Sprintf("c-%d", i))
	}
	join(t, h, "a:1", "m-0", "second device")
	c := join(t, h, "b:1", "m-9", "c-9")
	require.NoError(t, h.SetTyping("b:1", "m-9", true, c))

	top, n := h.Largest(2, nil)
	require.Equal(t, 3, n)
	require.Equal(t, []ChannelSize{
		{Channel: "b:1", Members: 4, Typing: 1, Connections: 4}, {Channel: "a:2", Members: 2, Connections: 2},
	}, top)
	top, n = h.Largest(10, func(name string) bool { return strings.HasPrefix(name, "a:") })
	require.Equal(t, 2, n)
	require.Equal(t, []string{"a:2", "a:1"}, []string{top[0].Channel, top[1].Channel})
	require.Equal(t, 2, top[1].Connections)
	top, n = h.Largest(0, nil)
	require.Empty(t, top)
	require.Equal(t, 3, n)
}

// What is returned is what sorting all channels and cutting would give.
func TestLargestIsTheHeadOfAllChannelsSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := New(Options{})
		defer h.Close()
		sizes := rapid.SliceOfN(rapid.IntRange(1, 5), 0, 30).Draw(t, "sizes")
		all := []ChannelSize{}
		for i, size := range sizes {
			name := fmt.Sprintf("channel-%d", i)
			for m := range size {
				join(t, h, name, fmt.Sprintf("m-%d", m), fmt.Sprintf("%s-%d", name, m))
			}
			all = append(all, ChannelSize{Channel: name, Members: size, Connections: size})
		}
		slices.SortFunc(all, larger)
		limit := rapid.IntRange(0, 40).Draw(t, "limit")
		top, n := h.Largest(limit, nil)
		require.Equal(t, len(all), n)
		require.Equal(t, all[:min(limit, len(all))], append([]ChannelSize{}, top...))
	})
}
