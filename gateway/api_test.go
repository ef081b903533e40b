package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/protocol"
)

type published struct {
	Channel, MID string
	Duplicate    bool
}

func TestAPIPublishesLikeAConnection(t *testing.T) {
	gws := serveCluster(t, 2, nil)
	ann, bob := gws[0].member("ann"), gws[1].member("bob")
	ann.join("room/1")
	bob.join("room/1")
	ann.expect("presence:join")
	var got published
	gws[1].api("POST", "/v1/channels/room%2F1/publish", `{"type":"order","payload":{"n": 1}}`).ok(&got)
	require.Equal(t, "room/1", got.Channel)
	require.False(t, got.Duplicate)
	for _, p := range []*peer{ann, bob} {
		f := p.expect("order")
		require.Equal(t, "room/1", f.Channel)
		require.Equal(t, got.MID, f.MID)
		require.JSONEq(t, `{"n": 1}`, string(f.Payload))
		require.Empty(t, f.From)
	}
	// In order, with those of a connection.
	for i := range 20 {
		gws[0].api("POST", "/v1/channels/room%2F1/publish", fmt.Sprintf(`{"type":"n","payload":%d,"from":"shop"}`, i)).ok(&got)
	}
	for i := range 20 {
		for _, p := range []*peer{ann, bob} {
			f := p.expect("n")
			require.Equal(t, fmt.Sprint(i), string(f.Payload))
			require.Equal(t, "shop", f.From)
		}
	}
	gws[0].api("POST", "/v1/channels/nobody/publish", `{"type":"n"}`).ok(&got)
}

func TestAPIPublishExcept(t *testing.T) {
	gws := serveCluster(t, 2, nil)
	ann, bob := gws[0].member("ann"), gws[1].member("bob")
	ann.join("r")
	bob.join("r")
	ann.expect("presence:join")
	post := func(body string) { gws[0].api("POST", "/v1/channels/r/publish", body).ok(new(published)) }
	post(fmt.Sprintf(`{"type":"a","exceptConnection":%q}`, bob.welcome.get(t, "connId")))
	post(`{"type":"b","exceptMember":"ann"}`)
	post(`{"type":"c"}`)
	ann.expect("a")
	ann.expect("c")
	bob.expect("b")
	bob.expect("c")
}

func TestAPIBatchIsAllOrNothing(t *testing.T) {
	gws := serveCluster(t, 2, nil)
	ann := gws[1].member("ann")
	ann.join("a")
	ann.join("b")
	gws[0].awaitMembers("b", 1)
	p := gws[0].api("POST", "/v1/publish", `{"messages":[{"channel":"a","type":"x"},{"channel":"b","type":"presence:join"}]}`).problem(400, "reserved_type")
	require.Equal(t, "/messages/1/type", p.Pointer)
	p = gws[0].api("POST", "/v1/publish", `{"messages":[{"channel":"","type":"x"}]}`).problem(400, "bad_request")
	require.Equal(t, "/messages/0/channel", p.Pointer)
	p = gws[0].api("POST", "/v1/publish", `{"messages":[]}`).problem(400, "bad_request")
	require.Equal(t, "/messages", p.Pointer)

	var got struct{ Results []published }
	gws[0].api("POST", "/v1/publish", `{"messages":[{"channel":"a","type":"x","payload":1},{"channel":"b","type":"x","payload":2},{"channel":"a","type":"x","payload":3}]}`).ok(&got)
	require.Len(t, got.Results, 3)
	for i, channel := range []string{"a", "b", "a"} {
		f := ann.expect("x")
		require.Equal(t, channel, f.Channel)
		require.Equal(t, published{Channel: channel, MID: f.MID}, got.Results[i])
	}
}

func TestAPIRetriesArePublishedOnce(t *testing.T) {
	gws := serveCluster(t, 2, nil)
	ann := gws[1].member("ann")
	ann.join("r")
	gws[0].awaitMembers("r", 1)
	post := func(s *server, auth, key string) (got published) {
		s.api("POST", "/v1/channels/r/publish", `{"type":"x"}`, "Idempotency-Key", key, "Authorization", "Bearer "+auth).ok(&got)
		return got
	}
	first := post(gws[0], shopKey, "k")
	require.False(t, first.Duplicate)
	require.Equal(t, first.MID, ann.expect("x").MID)
	again := post(gws[0], shopKey, "k")
	require.True(t, again.Duplicate)
	require.Equal(t, first.MID, again.MID)
	elsewhere := post(gws[1], shopKey, "k") // which has got the publish
	require.True(t, elsewhere.Duplicate)
	require.Equal(t, first.MID, elsewhere.MID)
	quiet(ann)

	require.False(t, post(gws[0], billingKey, "k").Duplicate, "another caller's key is another key")
	require.False(t, post(gws[0], shopKey, "l").Duplicate)
	ann.expect("x")
	ann.expect("x")

	batch := `{"messages":[{"channel":"r","type":"x"},{"channel":"r","type":"x"}]}`
	var got struct{ Results []published }
	for range 2 {
		gws[0].api("POST", "/v1/publish", batch, "Idempotency-Key", "b").ok(&got)
	}
	require.True(t, got.Results[0].Duplicate && got.Results[1].Duplicate)
	require.NotEqual(t, got.Results[0].MID, got.Results[1].MID)
	ann.expect("x")
	ann.expect("x")
	quiet(ann)
	for _, bad := range []string{"with space", strings.Repeat("k", 129), "ä"} {
		p := gws[0].api("POST", "/v1/channels/r/publish", `{"type":"x"}`, "Idempotency-Key", bad).problem(400, "bad_request")
		require.Equal(t, "Idempotency-Key", p.Parameter)
	}
}

// A key that comes with another request is a mistake: to answer it as a repetition would lose what it says.
func TestAPIKeyOfAnotherRequestIsRefused(t *testing.T) {
	gws := serveCluster(t, 2, nil)
	ann := gws[1].member("ann")
	ann.join("r")
	gws[0].awaitMembers("r", 1)
	refused := func(s *server, path, body, key string) {
		t.Helper()
		p := s.api("POST", path, body, "Idempotency-Key", key).problem(422, "idempotency_key_reused")
		require.Equal(t, "Idempotency-Key", p.Parameter)
	}
	const publish, batch, send = "/v1/channels/r/publish", "/v1/publish", "/v1/members/ann/send"
	gws[0].api("POST", publish, `{"type":"x","payload":{"n":1}}`, "Idempotency-Key", "k").ok(new(published))
	ann.expect("x")
	for _, s := range gws { // the other one has got the publish
		for _, body := range []string{`{"type":"x","payload":{"n":2}}`, `{"type":"y","payload":{"n":1}}`, `{"type":"x","payload":{"n":1},"exceptMember":"bob"}`, `{"type":"x"}`} {
			refused(s, publish, body, "k")
		}
		var got published
		s.api("POST", publish, `{"payload": {"n": 1}, "type": "x"}`, "Idempotency-Key", "k").ok(&got)
		require.True(t, got.Duplicate, "the same, written differently")
	}
	// Of a batch nothing is published then, though only its last message differs.
	gws[0].api("POST", batch, `{"messages":[{"channel":"q","type":"x"},{"channel":"r","type":"x"}]}`, "Idempotency-Key", "b").ok(new(struct{}))
	ann.expect("x")
	refused(gws[0], batch, `{"messages":[{"channel":"r","type":"first"},{"channel":"r","type":"y"}]}`, "b")

	gws[0].api("POST", send, `{"type":"n","payload":1}`, "Idempotency-Key", "s").ok(new(sent))
	ann.expect("n")
	for _, s := range gws {
		refused(s, send, `{"type":"n","payload":2}`, "s")
		refused(s, send, `{"type":"n","payload":1,"from":"bob"}`, "s")
		var got sent
		s.api("POST", send, `{"type":"n","payload":1}`, "Idempotency-Key", "s").ok(&got)
		require.Zero(t, got.Connections)
	}
	quiet(ann)
}

// While there is no room each publish waits, but all of a batch together no longer than one.
func TestAPIBatchWaitsOnce(t *testing.T) {
	const wait = 300 * time.Millisecond
	cluster, use := newCluster()
	var waits atomic.Int64
	cluster.room = func(context.Context) { waits.Add(1); time.Sleep(wait) }
	s := serve(t, func(cfg *gateway.Config, o *gateway.Options) { withAPI(t)(cfg, o); use(cfg, o) }).ready()
	messages := make([]string, 100)
	for i := range messages {
		messages[i] = `{"channel":"r","type":"x"}`
	}
	var got struct{ Results []published }
	s.api("POST", "/v1/publish", `{"messages":[`+strings.Join(messages, ",")+`]}`).ok(&got)
	require.Len(t, got.Results, 100)
	require.LessOrEqual(t, waits.Load(), int64(time.Second/wait)+1)
}

type channelPage struct {
	Channels []struct {
		Name                     string
		MemberCount, Connections int
	}
	Next    string
	Missing []missing
}

type missing struct{ Gateway, Reason string }

func TestAPIListsChannelsOfTheCluster(t *testing.T) {
	gws := serveCluster(t, 3, nil)
	for i, s := range gws {
		p := s.member("ann")
		p.join(fmt.Sprint("orders:", i))
		p.join("all")
		s.member("bob").join("all")
	}
	for _, s := range gws {
		s.awaitMembers("all", 2)
		for i := range gws {
			s.awaitMembers(fmt.Sprint("orders:", i), 1)
		}
		var page channelPage
		s.api("GET", "/v1/channels", "").ok(&page)
		require.Len(t, page.Channels, 4)
		require.Equal(t, "all", page.Channels[0].Name)
		require.Equal(t, 2, page.Channels[0].MemberCount)
		require.Equal(t, 6, page.Channels[0].Connections)
		require.Empty(t, page.Next)
		require.Empty(t, page.Missing)

		var names []string
		for cursor, pages := "", 0; ; pages++ {
			require.Less(t, pages, 3)
			page = channelPage{}
			s.api("GET", "/v1/channels?prefix=orders%3A&limit=2&cursor="+url.QueryEscape(cursor), "").ok(&page)
			for _, c := range page.Channels {
				require.Equal(t, 1, c.Connections)
				names = append(names, c.Name)
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		require.Equal(t, []string{"orders:0", "orders:1", "orders:2"}, names)
		page = channelPage{}
		s.api("GET", "/v1/channels?prefix=none", "").ok(&page)
		require.Empty(t, page.Channels)
	}
}

// Whoever goes through the pages sees each channel that is there all the time exactly once, whatever comes and goes meanwhile.
func TestAPIPagesUnderChange(t *testing.T) {
	s := serve(t, func(cfg *gateway.Config, o *gateway.Options) {
		withAPI(t)(cfg, o)
		cfg.Limits.ChannelsPerConnection = 1000
	})
	stays, comes := s.member("ann"), s.member("bob")
	name := func(i int) string { return fmt.Sprintf("c%03d", i) }
	for i := range 40 {
		stays.join(name(2 * i))
	}
	comes.join(name(1))
	seen := map[string]int{}
	for cursor, page := "", 0; ; page++ {
		var got channelPage
		s.api("GET", "/v1/channels?limit=7&cursor="+cursor, "").ok(&got)
		for _, c := range got.Channels {
			seen[c.Name]++
		}
		// The last one of the page goes, which the cursor names, one comes before it and one behind it.
		comes.say(`{"type":"leave","id":1,"payload":{"channel":%q}}`, name(14*page+1))
		comes.expect("reply")
		comes.join(name(14*page + 15))
		comes.join(name(14*page + 3))
		if cursor = got.Next; cursor == "" {
			break
		}
	}
	for i := range 40 {
		require.Equal(t, 1, seen[name(2*i)], name(2*i))
	}
	for c, n := range seen {
		require.Equal(t, 1, n, c)
	}
}

func TestAPIDescribesAChannel(t *testing.T) {
	gws := serveCluster(t, 2, func(cfg *gateway.Config, _ *gateway.Options) { cfg.TypingTTL = 0 })
	ann := gws[0].member("ann")
	ann.join("r")
	for _, m := range []string{"bob", "cid"} {
		gws[1].member(m).join("r")
	}
	ann.say(`{"type":"typing","payload":{"channel":"r","typing":true}}`)
	for _, s := range gws {
		s.awaitMembers("r", 3)
		eventually(t, func() bool { return len(s.Hub().TypingMembers("r")) == 1 }, "ann types")
		require.JSONEq(t, `{"name":"r","memberCount":3,"connections":3,"typing":["ann"]}`, string(s.api("GET", "/v1/channels/r", "").Body))
		require.JSONEq(t, `{"members":["ann","bob","cid"],"memberCount":3}`, string(s.api("GET", "/v1/channels/r/members", "").Body))
		var page struct {
			Members []string
			Next    string
		}
		s.api("GET", "/v1/channels/r/members?limit=2", "").ok(&page)
		require.Equal(t, []string{"ann", "bob"}, page.Members)
		next := page.Next
		page.Next = ""
		s.api("GET", "/v1/channels/r/members?limit=2&cursor="+next, "").ok(&page)
		require.Equal(t, []string{"cid"}, page.Members)
		require.Empty(t, page.Next)
	}
	require.JSONEq(t, `{"name":"void","memberCount":0,"connections":0,"typing":[]}`, string(gws[0].api("GET", "/v1/channels/void", "").Body))
	require.JSONEq(t, `{"members":[],"memberCount":0}`, string(gws[0].api("GET", "/v1/channels/void/members", "").Body))
}

type member struct {
	Member      string
	Connections []struct {
		ID, Gateway, Session string
		ConnectedAt          time.Time
		Channels             []string
	}
	Truncated bool
	Missing   []missing
}

func TestAPIShowsAMembersConnections(t *testing.T) {
	gws := serveCluster(t, 2, nil)
	a := gws[0].dial("member=ann&session=s1")
	a.join("x")
	a.join("a")
	joined := time.Now().UnixMilli()
	eventually(t, func() bool { return time.Now().UnixMilli() > joined }, "the other one connects later, in steps of the list's times")
	b := gws[1].member("ann")
	gws[1].member("bob")
	for _, s := range gws {
		var m member
		s.api("GET", "/v1/members/ann", "").ok(&m)
		require.Len(t, m.Connections, 2)
		require.Equal(t, a.welcome.get(t, "connId"), m.Connections[0].ID)
		require.Equal(t, "gw-0", m.Connections[0].Gateway)
		require.Equal(t, "s1", m.Connections[0].Session)
		require.Equal(t, []string{"a", "x"}, m.Connections[0].Channels)
		require.WithinDuration(t, time.Now(), m.Connections[0].ConnectedAt, patience)
		require.Equal(t, b.welcome.get(t, "connId"), m.Connections[1].ID)
		require.Equal(t, []string{}, m.Connections[1].Channels)
	}
	require.JSONEq(t, `{"member":"nobody","connections":[]}`, string(gws[0].api("GET", "/v1/members/nobody", "").Body))
}

func TestAPIDisconnectsAMemberEverywhere(t *testing.T) {
	gws := serveCluster(t, 2, nil)
	a, a2, b := gws[0].member("ann"), gws[0].member("ann"), gws[1].member("ann")
	stream := gws[0].follow("member=ann&channel=r", nil)
	bob := gws[1].member("bob")
	require.JSONEq(t, `{"disconnected":4}`, string(gws[1].api("POST", "/v1/members/ann/disconnect", `{"reason":"account closed"}`).Body))
	for _, p := range []*peer{a, a2, b} {
		require.Equal(t, "disconnected by the application: account closed", p.expectClose(protocol.ClosePolicy))
	}
	require.Equal(t, "disconnected by the application: account closed", stream.expectEnd(protocol.ClosePolicy))
	bob.settle()
	require.JSONEq(t, `{"disconnected":1}`, string(gws[0].api("POST", "/v1/members/bob/disconnect", "").Body))
	require.Equal(t, "disconnected by the application", bob.expectClose(protocol.ClosePolicy))
	require.JSONEq(t, `{"disconnected":0}`, string(gws[0].api("POST", "/v1/members/bob/disconnect", "").Body))
	for _, s := range gws {
		eventually(t, func() bool {
			var m member
			s.api("GET", "/v1/members/ann", "").ok(&m)
			return len(m.Connections) == 0
		}, "no connection is left")
	}
	gws[0].api("POST", "/v1/members/ann/disconnect", fmt.Sprintf(`{"reason":%q}`, strings.Repeat("x", 101))).problem(400, "bad_request")
}

type sent struct {
	MID         string
	Connections int
	Missing     []missing
}

func TestAPISendsToAllDevicesOfAMember(t *testing.T) {
	gws := serveCluster(t, 2, nil)
	a, b, bob := gws[0].member("ann"), gws[1].member("ann"), gws[1].member("bob")
	b.join("r")
	bob.join("r")
	b.expect("presence:join")
	var got sent
	gws[0].api("POST", "/v1/members/ann/send", `{"type":"notice","payload":{"text":"hi"}}`).ok(&got)
	require.Equal(t, 2, got.Connections)
	for _, p := range []*peer{a, b} {
		f := p.expect("notice")
		require.Equal(t, got.MID, f.MID)
		require.Empty(t, f.Channel)
		require.JSONEq(t, `{"text":"hi"}`, string(f.Payload))
	}
	gws[0].api("POST", "/v1/members/ann/send", `{"type":"notice","channel":"r","from":"bob"}`).ok(&got)
	require.Equal(t, 1, got.Connections)
	f := b.expect("notice")
	require.Equal(t, "r", f.Channel)
	require.Equal(t, "bob", f.From)
	for _, p := range []*peer{a, b, bob} {
		quiet(p)
	}
	gws[0].api("POST", "/v1/members/nobody/send", `{"type":"notice"}`).ok(&got)
	require.Zero(t, got.Connections)

	// A retry, here or elsewhere, reaches only who has not got it.
	send := func(s *server) (got sent) {
		s.api("POST", "/v1/members/ann/send", `{"type":"once"}`, "Idempotency-Key", "n1").ok(&got)
		return got
	}
	first := send(gws[0])
	require.Equal(t, 2, first.Connections)
	require.Equal(t, sent{MID: first.MID}, send(gws[0]))
	require.Zero(t, send(gws[1]).Connections)
	for _, p := range []*peer{a, b} {
		require.Equal(t, first.MID, p.expect("once").MID)
		quiet(p)
	}
}

func TestAPISaysWhichGatewaysAreMissing(t *testing.T) {
	cluster, use := newCluster()
	api := withAPI(t)
	cluster.setAsk(gateway.Reply{Node: "gw-1", Err: http.ErrHandlerTimeout}, gateway.Reply{Node: "gw-2", Body: []byte("garbage")})
	s := serve(t, func(cfg *gateway.Config, o *gateway.Options) { api(cfg, o); use(cfg, o) }).ready()
	s.member("ann").join("r")
	for _, request := range [][]string{
		{"GET", "/v1/channels", ""},
		{"GET", "/v1/channels/r", ""},
		{"GET", "/v1/members/ann", ""},
		{"POST", "/v1/members/ann/send", `{"type":"x"}`},
		{"POST", "/v1/members/ann/disconnect", ""},
	} {
		var got struct{ Missing []missing }
		s.api(request[0], request[1], request[2]).ok(&got)
		require.Len(t, got.Missing, 2, request[1])
		require.Equal(t, missing{"gw-1", http.ErrHandlerTimeout.Error()}, got.Missing[0])
		require.Equal(t, "gw-2", got.Missing[1].Gateway)
	}
}

func TestAPIWithoutKeysSaysHowToTurnItOn(t *testing.T) {
	s := serve(t, nil)
	p := s.api("GET", "/v1/channels", "").problem(403, "api_disabled")
	require.Contains(t, p.Detail, "--api-keys-file")
	require.Equal(t, http.StatusOK, s.request("GET", "/v1/openapi.json", "").Status)
}

func TestAPIKeysAreChecked(t *testing.T) {
	s := serve(t, withAPI(t))
	for _, header := range []string{"", shopKey, "Basic " + shopKey, "Bearer", "Bearer " + shopKey[1:], "Bearer " + shopKey + "x", "Bearer shop"} {
		a := s.request("GET", "/v1/channels", "", "Authorization", header)
		a.problem(401, "unauthorized")
		require.Equal(t, `Bearer realm="starling api"`, a.Header.Get("WWW-Authenticate"))
	}
	for _, header := range []string{"Bearer " + shopKey, "bearer  " + billingKey} {
		s.request("GET", "/v1/channels", "", "Authorization", header).ok(new(channelPage))
	}
	s.metric(`starling_api_key_requests_total{key="shop"} 1`)
	s.metric(`starling_api_keys 2`)
	s.metric(`starling_api_requests_total{operation="listChannels",status="401"} 7`)
}

func TestAPIRefusesWhatIsMalformed(t *testing.T) {
	s := serve(t, func(cfg *gateway.Config, o *gateway.Options) {
		withAPI(t)(cfg, o)
		cfg.Limits.APIRequestBytes, cfg.Limits.MessageBytes = 4<<10, 1<<10
	})
	const publish = "/v1/channels/r/publish"
	long := strings.Repeat("n", 201)
	for _, c := range []struct {
		method, path, body string
		status             int
		code, pointer      string
		detail             string
	}{
		{"POST", publish, `{"type":"x","payloat":1}`, 400, "bad_request", "", `unknown field "payloat"`},
		{"POST", publish, `{"type":1}`, 400, "bad_request", "/type", "number stands where a string is right"},
		{"POST", publish, `[]`, 400, "bad_request", "", "array stands where a object"},
		{"POST", publish, `{"type":"x"} {}`, 400, "bad_request", "", "something after"},
		{"POST", publish, `{"type":"x"`, 400, "bad_request", "", "unexpected EOF"},
		{"POST", publish, "{\"type\":\"x\",\"payload\":\"\xff\"}", 400, "bad_request", "", "not UTF-8"},
		{"POST", publish, `{"type":"x","payload":01}`, 400, "bad_request", "", "invalid character"},
		{"POST", publish, `{}`, 400, "bad_request", "/type", "event type is empty"},
		{"POST", publish, `{"type":"typing"}`, 400, "reserved_type", "/type", "choose another"},
		{"POST", publish, `{"type":"x","from":"` + long + `"}`, 400, "bad_request", "/from", "member id"},
		{"POST", publish, `{"type":"x","exceptMember":"` + long + `"}`, 400, "bad_request", "/exceptMember", "member id"},
		{"POST", publish, `{"type":"x","exceptConnection":"` + long + `"}`, 400, "bad_request", "/exceptConnection", "at most 64"},
		{"POST", publish, `{"type":"x","payload":"` + strings.Repeat("p", 1<<10) + `"}`, 413, "too_large", "/payload", "--max-message-bytes"},
		{"POST", publish, `{"type":"` + strings.Repeat("p", 4<<10) + `"}`, 413, "too_large", "", "--max-api-request-bytes"},
		{"POST", "/v1/channels/" + long + "/publish", `{"type":"x"}`, 400, "bad_request", "", "channel"},
		{"POST", "/v1/channels/a%00/publish", `{"type":"x"}`, 400, "bad_request", "", "control character"},
		{"POST", publish + "?dry=1", `{"type":"x"}`, 400, "bad_request", "", `no parameter "dry" here`},
		{"GET", "/v1/channels?limit=0", "", 400, "bad_request", "", "1 to 1000"},
		{"GET", "/v1/channels?limit=1001", "", 400, "bad_request", "", "1 to 1000"},
		{"GET", "/v1/channels?cursor=%21", "", 400, "bad_request", "", "cursor is not one"},
		{"GET", "/v1/channels?prefix=a&prefix=b", "", 400, "bad_request", "", "prefix is given 2 times"},
		{"GET", "/v1/channels?%zz", "", 400, "bad_request", "", "malformed"},
		{"GET", "/v1/channels?prefix=" + long, "", 400, "bad_request", "", "longer than any"},
		{"POST", "/v1/members/ann/send", `{"type":"x","channel":"` + long + `"}`, 400, "bad_request", "/channel", "channel"},
		{"GET", "/v1/nothing", "", 404, "not_found", "", "/v1/openapi.json"},
		{"DELETE", publish, "", 405, "method_not_allowed", "", "DELETE"},
		{"PUT", "/v1/openapi.json", "", 405, "method_not_allowed", "", "PUT"},
	} {
		p := s.api(c.method, c.path, c.body).problem(c.status, c.code)
		require.Contains(t, p.Detail, c.detail, "%s %.80s", c.path, c.body)
		require.Equal(t, c.pointer, p.Pointer, "%s %.80s", c.path, c.body)
	}
	require.Equal(t, []string{"POST"}, s.api("GET", publish, "").Header.Values("Allow"))
	s.api("POST", publish, `{"type":"x"}`, "Content-Type", "text/plain").problem(415, "unsupported_media_type")
	require.Equal(t, http.StatusOK, s.api("HEAD", "/v1/channels", "").Status)
}

func TestAPIBoundsTheRequestsOfAKey(t *testing.T) {
	s := serve(t, func(cfg *gateway.Config, o *gateway.Options) {
		withAPI(t)(cfg, o)
		cfg.Limits.APIRequestsPerSecond, cfg.Limits.APIBatch = 1, 4
	})
	batch := `{"messages":[{"channel":"a","type":"x"},{"channel":"a","type":"x"},{"channel":"a","type":"x"}]}`
	s.api("POST", "/v1/publish", batch).ok(new(struct{}))
	a := s.api("POST", "/v1/publish", batch)
	p := a.problem(429, "rate_limited")
	require.Contains(t, p.Detail, `"shop"`)
	require.Positive(t, p.RetryAfterMs)
	require.NotEmpty(t, a.Header.Get("Retry-After"))
	s.api("GET", "/v1/channels", "", "Authorization", "Bearer "+billingKey).ok(new(struct{}))
	s.metric("starling_api_rate_limited_total 1")
}

func TestAPIIsOffWhileDraining(t *testing.T) {
	gws := serveCluster(t, 2, nil)
	gws[0].StartDrain(gateway.DrainRequest{Reason: "test"})
	eventually(t, func() bool { return gws[0].api("GET", "/v1/channels", "").Status == http.StatusServiceUnavailable }, "refused")
	a := gws[0].api("POST", "/v1/channels/r/publish", `{"type":"x"}`)
	p := a.problem(503, "unavailable")
	require.Contains(t, p.Detail, "draining")
	require.NotEmpty(t, a.Header.Get("Retry-After"))
	gws[1].api("POST", "/v1/channels/r/publish", `{"type":"x"}`).ok(new(published))
}

func TestAPIIsOffBeforeReady(t *testing.T) {
	cluster := &fakeCluster{ready: make(chan struct{})}
	api := withAPI(t)
	s := serve(t, func(cfg *gateway.Config, o *gateway.Options) { api(cfg, o); cluster.use(cfg, o) })
	require.Contains(t, s.api("GET", "/v1/channels", "").problem(503, "unavailable").Detail, "starting")
	close(cluster.ready)
	s.ready().api("GET", "/v1/channels", "").ok(new(json.RawMessage))
}
