package lobby

import (
	"testing"

	"github.com/stretchr/testify/require"
)

type conn struct{ closed int }

func (c *conn) Close() error {
	c.closed++
	return nil
}

func TestTheLongestWaitingMakesRoom(t *testing.T) {
	l := New(2)
	conns := []*conn{{}, {}, {}, {}}
	first, second := l.Enter(conns[0]), l.Enter(conns[1])
	require.False(t, first.Leave())
	third := l.Enter(conns[2])
	require.Zero(t, conns[1].closed, "a place was free")
	fourth := l.Enter(conns[3])
	require.Equal(t, 1, conns[1].closed)
	require.Equal(t, 2, l.Len())
	require.True(t, second.Evicted())
	require.False(t, third.Evicted())
	require.True(t, second.Leave())
	require.True(t, second.Leave())
	require.False(t, third.Leave())
	require.False(t, fourth.Leave())
	require.Zero(t, l.Len())
	require.Zero(t, conns[0].closed+conns[2].closed+conns[3].closed)
}

func TestCloseClosesAll(t *testing.T) {
	l := New(2)
	a, b, c := &conn{}, &conn{}, &conn{}
	gone, stays := l.Enter(a), l.Enter(b)
	gone.Leave()
	l.Close()
	late := l.Enter(c)
	require.Equal(t, []int{0, 1, 1}, []int{a.closed, b.closed, c.closed})
	require.False(t, stays.Leave())
	require.False(t, late.Leave())
}
