package hub

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Pages put together are the sorted names of all channels with the prefix, whatever the limit.
func TestPagesOfChannelsAreWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := New(Options{})
		defer h.Close()
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[ab:]{1,4}`), 0, 60, rapid.ID).Draw(t, "names")
		for i, name := range names {
			for j := range 1 + i%2 {
				_, err := h.Join(name, "ann", newConn(fmt.Sprint(i, j)), JoinOptions{})
				require.NoError(t, err)
			}
		}
		prefix, limit := rapid.StringMatching(`[ab]?`).Draw(t, "prefix"), rapid.IntRange(1, 70).Draw(t, "limit")
		var want, got []string
		for _, name := range names {
			if strings.HasPrefix(name, prefix) {
				want = append(want, name)
			}
		}
		slices.Sort(want)
		for after, more := "", true; more; {
			var page []ChannelMembers
			page, more = h.ChannelsAfter(prefix, after, limit)
			require.LessOrEqual(t, len(page), limit)
			require.True(t, !more || len(page) == limit)
			for _, c := range page {
				require.Equal(t, 1, c.Members)
				got = append(got, c.Name)
				after = c.Name
			}
		}
		require.Equal(t, want, got)
	})
}

func TestChannelsOfAConnection(t *testing.T) {
	h := New(Options{})
	defer h.Close()
	c := newConn("c1")
	for _, name := range []string{"b", "a"} {
		_, err := h.Join(name, "ann", c, JoinOptions{})
		require.NoError(t, err)
	}
	require.ElementsMatch(t, []string{"a", "b"}, h.ChannelsOf(c.ID()))
	require.True(t, h.IsJoined("a", c.ID()))
	require.False(t, h.IsJoined("c", c.ID()))
	require.Empty(t, h.ChannelsOf("nobody"))
	page, more := h.ChannelsAfter("", "", 0)
	require.Empty(t, page)
	require.False(t, more)
}
