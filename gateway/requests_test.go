package gateway_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/protocol"
)

func TestWelcome(t *testing.T) {
	s := serve(t, nil)
	p := s.member("ann")
	require.JSONEq(t, `"ann"`, string(mustJSON(t, p.welcome.get(t, "memberId"))))
	require.Equal(t, "gw-0", p.welcome.get(t, "gateway"))
	require.InEpsilon(t, 15000, p.welcome.get(t, "heartbeatMs"), 0)
	require.InEpsilon(t, 65536, p.welcome.get(t, "maxMessageBytes"), 0)
	require.NotEqual(t, p.welcome.get(t, "connId"), s.member("ann").welcome.get(t, "connId"))
	require.WithinDuration(t, time.Now(), time.UnixMilli(p.welcome.TS), time.Minute)
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return b
}

func TestJoinLeaveAndPresenceEvents(t *testing.T) {
	s := serve(t, nil)
	ann := s.member("ann")
	ann.say(`{"type":"join","id":1,"payload":{"channel":"room:1"}}`)
	require.JSONEq(t, `{"channel":"room:1","members":["ann"],"memberCount":1,"typing":[]}`, string(ann.expect("presence:snapshot").Payload))
	reply := ann.expect("reply")
	require.Equal(t, "1", string(reply.ID))
	require.JSONEq(t, `{"channel":"room:1","newlyPresent":true}`, string(reply.Payload))

	bob := s.member("bob")
	bob.join("room:1")
	require.JSONEq(t, `{"channel":"room:1","memberId":"bob"}`, string(ann.expect("presence:join").Payload))

	second := s.member("bob")
	require.JSONEq(t, `{"channel":"room:1","newlyPresent":false}`, string(second.join("room:1").Payload))
	second.say(`{"type":"leave","id":"x","payload":{"channel":"room:1"}}`)
	require.JSONEq(t, `{"channel":"room:1","nowAbsent":false}`, string(second.expect("reply").Payload))

	bob.say(`{"type":"leave","id":"y","payload":{"channel":"room:1"}}`)
	require.JSONEq(t, `{"channel":"room:1","nowAbsent":true}`, string(bob.expect("reply").Payload))
	require.JSONEq(t, `{"channel":"room:1","memberId":"bob"}`, string(ann.expect("presence:leave").Payload))

	bob.say(`{"type":"leave","id":"z","payload":{"channel":"room:1"}}`)
	bob.expectError(protocol.CodeNotJoined)
	ann.settle()
}

func TestRequestsWithoutIDAreSilent(t *testing.T) {
	s := serve(t, nil)
	p := s.member("ann")
	p.say(`{"type":"join","payload":{"channel":"r"}}`)
	p.expect("presence:snapshot")
	p.say(`{"type":"publish","payload":{"channel":"r","type":"m","payload":1}}`)
	p.say(`{"type":"typing","payload":{"channel":"r","typing":true}}`)
	p.say(`{"type":"presence","payload":{"channel":"r"}}`)
	p.say(`{"type":"leave","payload":{"channel":"r"}}`)
	p.settle()
}

func TestPublishReachesOthersVerbatimAndInOrder(t *testing.T) {
	s := serve(t, nil)
	ann, bob := s.member("ann"), s.member("bob")
	ann.join("r")
	bob.join("r")
	ann.expect("presence:join")
	payload := `{"text" : "<b>\u00e9</b>",  "n":1e400}`
	for i := range 50 {
		ann.say(`{"type":"publish","id":%d,"payload":{"channel":"r","type":"message","payload":%s}}`, i, payload)
	}
	for range 50 {
		reply, event := ann.expect("reply"), bob.expect("message")
		require.Equal(t, reply.get(t, "mid"), event.MID)
		require.NotEmpty(t, event.MID)
		require.Equal(t, payload, string(event.Payload))
		require.Equal(t, []string{"r", "ann"}, []string{event.Channel, event.From})
	}
	ann.settle()
}

func TestPublishExcept(t *testing.T) {
	s := serve(t, nil)
	publisher := s.dial("member=ann&session=tab1")
	overlap := s.dial("member=ann&session=tab1")
	otherTab := s.dial("member=ann&session=tab2")
	impostor := s.dial("member=eve&session=tab1")
	all := []*peer{publisher, overlap, otherTab, impostor}
	for _, p := range all {
		p.say(`{"type":"join","id":1,"payload":{"channel":"r","presence":"none"}}`)
		p.expect("reply")
	}
	for except, gets := range map[string][]*peer{
		``:                       {otherTab, impostor},
		`,"except":"connection"`: {otherTab, impostor},
		`,"except":"member"`:     {impostor},
		`,"except":"none"`:       all,
	} {
		publisher.say(`{"type":"publish","payload":{"channel":"r","type":"m","payload":1%s}}`, except)
		for _, p := range gets {
			p.expect("m")
		}
		for _, p := range all {
			p.settle()
		}
	}
}

func TestPublishKeyDeduplicates(t *testing.T) {
	s := serve(t, nil)
	ann, bob := s.member("ann"), s.member("bob")
	for _, p := range []*peer{ann, bob} {
		p.say(`{"type":"join","payload":{"channel":"r","presence":"none"}}`)
	}
	bob.settle()
	publish := `{"type":"publish","id":1,"payload":{"channel":"r","type":"m","payload":1,"key":"k1"}}`
	ann.say("%s", publish)
	first := ann.expect("reply").get(t, "mid")
	require.Equal(t, first, bob.expect("m").MID)

	again := s.member("ann") // the retry comes on another connection
	again.say(`{"type":"join","payload":{"channel":"r","presence":"none"}}`)
	again.say("%s", publish)
	require.Equal(t, first, again.expect("reply").get(t, "mid"))
	bob.settle()

	bob.say("%s", publish) // another member's key is another key
	require.NotEqual(t, first, bob.expect("reply").get(t, "mid"))
	ann.expect("m")
}

func TestTyping(t *testing.T) {
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) { c.TypingTTL = 200 * time.Millisecond })
	ann, bob := s.member("ann"), s.member("bob")
	ann.join("r")
	bob.join("r")
	ann.expect("presence:join")
	bob.say(`{"type":"typing","id":9,"payload":{"channel":"r","typing":true}}`)
	require.JSONEq(t, `{}`, string(bob.expect("reply").Payload))
	require.JSONEq(t, `{"channel":"r","memberId":"bob","typing":true}`, string(ann.expect("typing").Payload))
	require.JSONEq(t, `{"channel":"r","memberId":"bob","typing":false}`, string(ann.expect("typing").Payload), "it ends by itself")
}

func TestPresenceRequest(t *testing.T) {
	s := serve(t, nil)
	ann := s.member("ann")
	ann.join("r")
	stranger := s.member("eve")
	stranger.say(`{"type":"presence","id":1,"payload":{"channel":"r"}}`)
	require.JSONEq(t, `{"channel":"r","members":["ann"],"memberCount":1,"typing":[]}`, string(stranger.expect("reply").Payload))
	stranger.say(`{"type":"presence","id":1,"payload":{"channel":"empty"}}`)
	require.JSONEq(t, `{"channel":"empty","members":[],"memberCount":0,"typing":[]}`, string(stranger.expect("reply").Payload))
	ann.settle()
}

func TestPing(t *testing.T) {
	s := serve(t, nil)
	p := s.member("ann")
	p.say(`{"type":"ping","id":"p1","payload":{"a": [1]}}`)
	pong := p.expect("pong")
	require.Equal(t, `"p1"`, string(pong.ID))
	require.True(t, bytes.Equal([]byte(`{"a": [1]}`), pong.Payload), "byte for byte: %s", pong.Payload)
}

func TestPresenceModes(t *testing.T) {
	s := serve(t, nil)
	counter, silent, changing := s.member("counter"), s.member("silent"), s.member("changing")
	silent.say(`{"type":"join","id":1,"payload":{"channel":"r","presence":"none"}}`)
	silent.expect("reply")
	counter.say(`{"type":"join","id":1,"payload":{"channel":"r","presence":"count"}}`)
	require.JSONEq(t, `{"channel":"r","members":[],"memberCount":2,"typing":[],"truncated":true}`, string(counter.expect("presence:snapshot").Payload))
	counter.expect("reply")
	changing.join("r")
	require.JSONEq(t, `{"channel":"r","memberCount":3}`, string(counter.expect("presence:count").Payload))
	changing.say(`{"type":"typing","payload":{"channel":"r","typing":true}}`)
	changing.say(`{"type":"join","id":2,"payload":{"channel":"r","presence":"none"}}`)
	require.JSONEq(t, `{"channel":"r","newlyPresent":false}`, string(changing.expect("reply").Payload))
	silent.say(`{"type":"leave","payload":{"channel":"r"}}`)
	require.JSONEq(t, `{"channel":"r","memberCount":2}`, string(counter.expect("presence:count").Payload))
	changing.settle()
	silent.settle()
	counter.settle()
}

func TestFragmentedMessageIsOneMessage(t *testing.T) {
	s := serve(t, nil)
	p := s.member("ann")
	w, err := p.NextWriter(websocket.TextMessage)
	require.NoError(t, err)
	for _, part := range []string{`{"type":"pi`, `ng","payload":"`, strings.Repeat("x", 9000), `"}`} {
		_, err = w.Write([]byte(part)) // over 4 KiB the library begins a new fragment
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.Len(t, p.expect("pong").Payload, 9002)
}

func TestMemberStaysWhileAConnectionOfItLives(t *testing.T) {
	s := serve(t, nil)
	watcher, first, second := s.member("ann"), s.member("bob"), s.member("bob")
	watcher.join("r")
	first.join("r")
	watcher.expect("presence:join")
	second.join("r")
	require.NoError(t, first.Close())
	eventually(t, func() bool { return s.Hub().ConnectionCount("r") == 2 }, "the first connection is gone")
	watcher.settle()
	require.NoError(t, second.Close())
	watcher.expect("presence:leave")
}
