package hub

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPublishReachesEveryConnectionOnce(t *testing.T) {
	h := newHub(t, Options{})
	var conns []*fakeConn
	for i := range 20 {
		conns = append(conns, joinWith(t, h, room, fmt.Sprintf("m%d", i/2), fmt.Sprintf("c%d", i), JoinOptions{Presence: PresenceNone}))
	}
	hall := join(t, h, "hall", "ann", "h1")
	n, err := h.Publish(room, "chat", map[string]int{"n": 1}, PublishOptions{From: "m1", MID: "mid-1"})
	require.NoError(t, err)
	require.Equal(t, 20, n)
	first := conns[0].takeEvents()
	require.Len(t, first, 1)
	e := first[0]
	require.Equal(t, []string{"chat", room, "m1", "mid-1", `{"n":1}`}, []string{e.Type, e.Channel, e.From, e.MID, string(e.Payload)})
	require.Positive(t, e.UnixMilli)
	for _, c := range conns[1:] {
		events := c.takeEvents()
		require.Len(t, events, 1)
		require.Same(t, e, events[0], "one event is shared by all receivers")
	}
	require.Empty(t, hall.take())
}

func TestPublishExcept(t *testing.T) {
	h := newHub(t, Options{})
	conns := map[string]*fakeConn{}
	for _, c := range []struct{ member, id, session string }{
		{"ann", "a1", "s1"}, {"ann", "a2", "s1"}, {"ann", "a3", "s2"}, {"ann", "a4", ""}, {"bob", "b1", "s1"}, {"bob", "b2", ""},
	} {
		conns[c.id] = joinWith(t, h, room, c.member, c.id, JoinOptions{Session: c.session, Presence: PresenceNone})
	}
	for name, test := range map[string]struct {
		opts PublishOptions
		want string
	}{
		"nobody":                     {PublishOptions{From: "ann"}, "a1 a2 a3 a4 b1 b2"},
		"a connection":               {PublishOptions{ExceptConnID: "a1"}, "a2 a3 a4 b1 b2"},
		"an unknown connection":      {PublishOptions{ExceptConnID: "x"}, "a1 a2 a3 a4 b1 b2"},
		"a member":                   {PublishOptions{ExceptMemberID: "ann"}, "b1 b2"},
		"a member and a connection":  {PublishOptions{ExceptMemberID: "ann", ExceptConnID: "b1"}, "b2"},
		"an absent member":           {PublishOptions{ExceptMemberID: "zoe"}, "a1 a2 a3 a4 b1 b2"},
		"a session":                  {PublishOptions{From: "ann", ExceptSession: "s1"}, "a3 a4 b1 b2"},
		"a session and a connection": {PublishOptions{From: "ann", ExceptSession: "s1", ExceptConnID: "a4"}, "a3 b1 b2"},
		"a session of nobody":        {PublishOptions{ExceptSession: "s1"}, "a1 a2 a3 a4 b1 b2"},
		"a session of an absent":     {PublishOptions{From: "zoe", ExceptSession: "s1"}, "a1 a2 a3 a4 b1 b2"},
		"an unknown session":         {PublishOptions{From: "ann", ExceptSession: "s9"}, "a1 a2 a3 a4 b1 b2"},
		"everybody":                  {PublishOptions{From: "bob", ExceptMemberID: "ann", ExceptSession: "s1", ExceptConnID: "b2"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			want := strings.Fields(test.want)
			require.Equal(t, len(want), publish(t, h, room, "chat", "hi", test.opts))
			require.ElementsMatch(t, want, receivers(conns))
			remote := &Event{Type: "chat", Channel: room, Payload: json.RawMessage(`"hi"`)}
			require.Equal(t, len(want), h.DeliverRemote(remote, test.opts), "another hub's publish obeys the same rules")
			require.ElementsMatch(t, want, receivers(conns))
		})
	}
}

// receivers are the ids of the connections that got something, which is taken from them.
func receivers(conns map[string]*fakeConn) []string {
	ids := []string{}
	for id, c := range conns {
		for range c.take() {
			ids = append(ids, id)
		}
	}
	return ids
}

func TestSessionOfALaterJoinIsNotTaken(t *testing.T) {
	h := newHub(t, Options{})
	a := joinWith(t, h, room, "ann", "a1", JoinOptions{Session: "s1"})
	_, err := h.Join(room, "ann", a, JoinOptions{Session: "s2"})
	require.NoError(t, err)
	require.Zero(t, publish(t, h, room, "chat", "hi", PublishOptions{From: "ann", ExceptSession: "s1"}))
}

func TestPublishOrder(t *testing.T) {
	h := newHub(t, Options{})
	a, b := join(t, h, room, "ann", "a1"), join(t, h, room, "bob", "b1")
	a.take()
	var want []string
	for i := range 1000 {
		publish(t, h, room, "chat", fmt.Sprint(i), PublishOptions{})
		want = append(want, fmt.Sprintf(`chat room "%d"`, i))
	}
	require.Equal(t, want, a.take())
	require.Equal(t, want, b.take())
}

func TestPublishPayloads(t *testing.T) {
	h := newHub(t, Options{})
	a := join(t, h, room, "ann", "a1")
	for name, test := range map[string]struct {
		payload any
		want    string
	}{
		"nil":         {nil, "null"},
		"empty raw":   {json.RawMessage{}, "null"},
		"nil raw":     {json.RawMessage(nil), "null"},
		"raw":         {json.RawMessage(`{ "a" :1.0 }`), `{ "a" :1.0 }`},
		"struct":      {eventBody{Channel: "x"}, `{"channel":"x","memberId":"","memberCount":0,"typing":false,"gateway":""}`},
		"string":      {"x", `"x"`},
		"nil pointer": {(*int)(nil), "null"},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := h.Publish(room, "chat", test.payload, PublishOptions{})
			require.NoError(t, err)
			require.Equal(t, 1, n)
			require.Equal(t, test.want, string(a.takeEvents()[0].Payload))
		})
	}
}

func TestPublishErrors(t *testing.T) {
	h := newHub(t, Options{Replicator: &fakeReplicator{}})
	a := join(t, h, room, "ann", "a1")
	for name, test := range map[string]struct {
		channel, typ string
		payload      any
		want         error
		says         string
	}{
		"empty channel": {"", "chat", 1, ErrInvalidName, "channel is empty"},
		"empty type":    {room, "", 1, ErrInvalidName, "event type is empty"},
		"reserved type": {room, "presence:join", 1, ErrReservedType, `"presence:join"`},
		"payload":       {room, "chat", func() {}, ErrInvalidPayload, "encoding a func()"},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := h.Publish(test.channel, test.typ, test.payload, PublishOptions{Key: "k"})
			require.ErrorIs(t, err, test.want)
			require.ErrorContains(t, err, test.says)
			require.Zero(t, n)
			require.Empty(t, a.take())
		})
	}
	require.Empty(t, h.opts.Replicator.(*fakeReplicator).takeForwards())
}
