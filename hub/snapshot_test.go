package hub

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSnapshotOfAJoin(t *testing.T) {
	h := newHub(t, Options{})
	a := join(t, h, room, "ann", "a1")
	remoteJoin(h, bootB, "zoe")
	require.NoError(t, h.SetTyping(room, "ann", true, a))
	var got Snapshot
	b := newConn("b1")
	_, err := h.Join(room, "bob", b, JoinOptions{Snapshot: func(s Snapshot) {
		got = s
		require.Empty(t, b.take(), "the snapshot comes before any event")
	}})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"ann", "bob", "zoe"}, got.Members, "the joiner is in it")
	got.Members = nil
	require.Equal(t, Snapshot{Channel: room, MemberCount: 3, Typing: []string{"ann"}}, got)

	now := h.Snapshot(room)
	require.ElementsMatch(t, []string{"ann", "bob", "zoe"}, now.Members)
	require.Equal(t, []string{"ann"}, now.Typing)
}

func TestSnapshotOfACountingJoin(t *testing.T) {
	h := newHub(t, Options{})
	a := join(t, h, room, "ann", "a1")
	require.NoError(t, h.SetTyping(room, "ann", true, a))
	var got Snapshot
	joinWith(t, h, room, "bob", "b1", JoinOptions{Presence: PresenceCount, Snapshot: func(s Snapshot) { got = s }})
	require.Equal(t, Snapshot{Channel: room, MemberCount: 2, Truncated: true}, got, "no lists, which cost time in a huge channel")
}

// Clients that join in the middle of a storm replay events on their snapshots, and know exactly what the hub knows: no
// change is missing, none came twice.
func TestSnapshotsMeetTheDeltas(t *testing.T) {
	h := newHub(t, Options{})
	var storm sync.WaitGroup
	stop := make(chan struct{})
	end := sync.OnceFunc(func() {
		close(stop)
		storm.Wait()
	})
	defer end()
	for w := range 4 {
		storm.Go(func() { churn(t, h, w, stop) })
	}
	storm.Go(func() { churnRemote(h, stop) })
	var clients []*client
	for i := range 200 {
		c := newClient(fmt.Sprintf("client%d", i), fmt.Sprintf("client%d", i))
		c.join(t, h, room, PresenceFull)
		clients = append(clients, c)
		if i%3 == 0 {
			c.leave(t, h, room)
		}
	}
	end()
	for _, c := range clients {
		c.requireUpToDate(t, h, true)
	}
}

// churn joins, types and leaves until told to stop.
func churn(t *testing.T, h *Hub, worker int, stop <-chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		member := fmt.Sprintf("m%d", (worker+i)%5)
		c := newConn(fmt.Sprintf("w%d-%d", worker, i))
		if _, err := h.Join(room, member, c, JoinOptions{Presence: PresenceNone}); err != nil {
			t.Errorf("joining: %v", err)
		}
		if err := h.SetTyping(room, member, true, c); err != nil {
			t.Errorf("typing: %v", err)
		}
		h.Disconnect(c)
	}
}

func churnRemote(h *Hub, stop <-chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		member := fmt.Sprintf("m%d", i%7)
		remoteJoin(h, bootB, member)
		remoteTyping(h, bootB, member, 0)
		if i%2 == 0 {
			remoteLeave(h, bootB, member)
		}
		if i%50 == 0 {
			h.ReplaceRemote(bootB, Bucket(room), BucketState{Presence: []Entry{{room, "m1"}, {room, "m9"}}})
		}
	}
}
