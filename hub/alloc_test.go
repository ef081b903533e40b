package hub

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// A discardConn takes everything and keeps nothing.
type discardConn string

func (c discardConn) ID() string           { return string(c) }
func (c discardConn) Deliver(*Event) error { return nil }
func (c discardConn) OnClose(func())       {}

// crowd returns a hub with n connections in the room, one a member.
func crowd(t testing.TB, n int) *Hub {
	t.Helper()
	h := newHub(t, Options{})
	for i := range n {
		_, err := h.Join(room, fmt.Sprintf("member-%d", i), discardConn(fmt.Sprintf("conn-%d", i)), JoinOptions{Presence: PresenceNone})
		require.NoError(t, err)
	}
	return h
}

var chatPayload = json.RawMessage(`{"text":"hello"}`)

// What a publish costs in allocations must not depend on how many receive it.
func TestPublishAllocations(t *testing.T) {
	opts := PublishOptions{From: "member-1", MID: "0123456789abcdef", ExceptConnID: "conn-1", ExceptSession: "s", ExceptMemberID: "member-2"}
	for _, n := range []int{0, 1, 10, 1000} {
		h := crowd(t, n)
		allocs := testing.AllocsPerRun(100, func() {
			if _, err := h.Publish(room, "chat", chatPayload, opts); err != nil {
				t.Error(err)
			}
		})
		require.LessOrEqual(t, allocs, 3.0, "allocations of a publish to %d connections", n)
	}
}
