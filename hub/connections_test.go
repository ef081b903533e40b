package hub

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// A connection's list of channels becomes an index and stays right.
func TestConnectionInManyChannels(t *testing.T) {
	h := newHub(t, Options{})
	conn := discardConn("c")
	const n = 3 * listLimit
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("channel-%d", i)
		for range 2 { // the second join changes nothing
			_, err := h.Join(names[i], "ann", conn, JoinOptions{})
			require.NoError(t, err)
		}
	}
	require.ElementsMatch(t, names, h.connections.channels("c"))
	require.Equal(t, 1, h.Stats().Connections)
	for i, name := range names {
		if i%2 == 0 {
			result, err := h.Leave(name, "ann", conn)
			require.NoError(t, err)
			require.True(t, result.NowAbsent)
		}
	}
	require.Len(t, h.connections.channels("c"), n/2)
	h.Disconnect(conn)
	requireEmpty(t, h)
}
