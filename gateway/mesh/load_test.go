package mesh

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestLoadIsEncodedWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(0, 1<<31-1)
		want := Load{
			Connections: count.Draw(t, "connections"), Headroom: count.Draw(t, "headroom"), AcceptPerSecond: count.Draw(t, "accept"),
			Shed: count.Draw(t, "shed"),
		}
		body := want.encode()
		got, err := parseLoad(append(body, 1, 2, 3)) // a later release may say more
		require.NoError(t, err)
		require.Equal(t, want, got)
		_, err = parseLoad(body[:2])
		require.ErrorContains(t, err, "reading a load")
	})
}

func TestLoadOfAnOlderReleaseHasNothingShed(t *testing.T) {
	l, err := parseLoad([]byte{5, 6, 7})
	require.NoError(t, err)
	require.Equal(t, Load{Connections: 5, Headroom: 6, AcceptPerSecond: 7}, l)
	_, err = parseLoad([]byte{5, 6, 7, 0x80})
	require.ErrorContains(t, err, "reading a load")
}

func TestLoadOutOfRangeIsCut(t *testing.T) {
	require.Equal(t, []byte{0, 0, 7, 0}, Load{Connections: -1, Headroom: -5, AcceptPerSecond: 7}.encode())
	l, err := parseLoad([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0})
	require.NoError(t, err)
	require.Equal(t, 1<<31-1, l.Connections)
}

func TestPeersKnowEachOthersLoad(t *testing.T) {
	c := newCluster(t, "a", "b", "c")
	nodes := c.start("a", "b", "c")
	tell := func(n *node, load Load) {
		n.local.setLoad(load)
		for _, other := range nodes {
			if other == n {
				continue
			}
			await(t, func() string {
				p, _ := other.peer(n.boot)
				if p.Load == nil || *p.Load != load {
					return fmt.Sprintf("%v knows %v of %v, want %v", other.name, p.Load, n.name, load)
				}
				return ""
			})
		}
	}
	for i, n := range nodes {
		tell(n, Load{Connections: i, Headroom: 100 - i, AcceptPerSecond: 10})
	}
	tell(nodes[0], Load{})
	tell(nodes[0], Load{Connections: 5})
}
