package client_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/client"
	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/hub"
)

func TestTwoClientsMeet(t *testing.T) {
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) { c.DisconnectGrace = 0 })
	ann, bob := connect(t, s.url(), client.Options{Member: "ann"}), connect(t, s.url(), client.Options{Member: "bob"})
	annRoom, annSees := join(t, ann, "room:1", "")
	require.Equal(t, client.JoinInfo{NewlyPresent: true}, annRoom.JoinInfo())
	bobRoom, bobSees := join(t, bob, "room:1", "")
	eventually(t, func() bool { return annRoom.Has("bob") }, "ann sees bob")
	require.Equal(t, []string{"ann", "bob"}, bobRoom.Members())
	require.Equal(t, 2, bobRoom.MemberCount())

	require.NoError(t, annRoom.StartTyping())
	eventually(t, func() bool { return len(bobRoom.TypingMembers()) == 1 }, "bob sees ann type")
	require.NoError(t, annRoom.StopTyping())
	eventually(t, func() bool { return len(bobRoom.TypingMembers()) == 0 }, "bob sees ann stop")

	mid, err := annRoom.Publish(within(t), "chat", json.RawMessage(`{"text":  "hello"}`), client.PublishOptions{})
	require.NoError(t, err)
	eventually(t, func() bool { return len(of[client.Message](bobSees)) == 1 }, "bob gets it")
	got := of[client.Message](bobSees)[0]
	require.WithinDuration(t, time.Now(), got.Time, time.Minute)
	got.Time = time.Time{}
	require.Equal(t, client.Message{
		Channel: "room:1", Type: "chat", From: "ann", MID: mid, Payload: json.RawMessage(`{"text":  "hello"}`),
	}, got)
	_, err = bobRoom.Publish(within(t), "chat", "all", client.PublishOptions{Except: client.ExceptNone})
	require.NoError(t, err)
	eventually(t, func() bool { return len(of[client.Message](bobSees)) == 2 }, "bob gets his own")
	eventually(t, func() bool { return len(of[client.Message](annSees)) == 1 }, "ann did not get hers")

	who, err := ann.Presence(within(t), "room:1")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"ann", "bob"}, who.Members)
	_, err = ann.Ping(within(t))
	require.NoError(t, err)

	require.NoError(t, bobRoom.Leave(within(t)))
	require.NoError(t, bobRoom.Leave(within(t)), "again")
	eventually(t, func() bool { return !annRoom.Has("bob") }, "bob is gone")
	require.Equal(t, []client.Event{
		client.Presence{Channel: "room:1", Joined: []string{"ann"}, Initial: true},
		client.Presence{Channel: "room:1", Joined: []string{"bob"}},
	}, annSees.all()[:2])
	_, err = bobRoom.PublishAsync("chat", 1, client.PublishOptions{})
	require.ErrorIs(t, err, client.ErrLeft)
	require.ErrorIs(t, bobRoom.StartTyping(), client.ErrLeft)
}

func TestModes(t *testing.T) {
	s := serve(t, nil)
	ann, bob := connect(t, s.url(), client.Options{Member: "ann"}), connect(t, s.url(), client.Options{Member: "bob"})
	count, countSees := join(t, ann, "room:1", client.PresenceCount)
	none, noneSees := join(t, ann, "room:2", client.PresenceNone)
	join(t, bob, "room:1", "")
	join(t, bob, "room:2", "")
	eventually(t, func() bool { return count.MemberCount() == 2 }, "counted")
	require.Empty(t, count.Members())
	_, err := s.Hub().Publish("room:2", "notice", 1, hub.PublishOptions{})
	require.NoError(t, err)
	eventually(t, func() bool { return len(noneSees.all()) == 1 }, "the notice")
	require.Zero(t, none.MemberCount())
	require.Equal(t, []client.Event{
		client.Count{Channel: "room:1", Members: 1}, client.Count{Channel: "room:1", Members: 2},
	}, countSees.all())
}

func TestJoinRefused(t *testing.T) {
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) { c.Limits.ChannelsPerConnection = 1 })
	c := connect(t, s.url(), client.Options{Member: "ann"})
	join(t, c, "room:1", "")
	_, err := c.Join(within(t), "room:1", client.JoinOptions{})
	require.ErrorIs(t, err, client.ErrAlreadyJoined)
	_, err = c.Join(within(t), "room:2", client.JoinOptions{})
	var refused *client.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, client.CodeTooManyChannels, refused.Code)
	_, err = c.Join(within(t), "", client.JoinOptions{})
	require.ErrorContains(t, err, "name is empty")
	_, err = c.Join(within(t), "room:3", client.JoinOptions{Presence: "some"})
	require.ErrorContains(t, err, "full, count or none")
}
