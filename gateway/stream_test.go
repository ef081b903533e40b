package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/httpapi/apitest"
	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/hub"
)

// An eventStream is a client of a test that gets server-sent events.
type eventStream struct {
	t        *testing.T
	response *http.Response
	lines    *bufio.Scanner
	cancel   context.CancelFunc
	// lastID and retry are what the stream said last.
	lastID, retry string
	comments      int
}

// events asks for a stream, whatever the answer.
func (s *server) events(query string, header http.Header) *eventStream {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.client.URL+"/v1/events?"+query, nil)
	require.NoError(s.t, err)
	maps.Copy(request.Header, header)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	require.NoError(s.t, err)
	stream := &eventStream{t: s.t, response: response, lines: bufio.NewScanner(response.Body), cancel: cancel}
	stream.lines.Buffer(nil, 16<<20)
	s.t.Cleanup(stream.close)
	return stream
}

// follow asks for a stream and reads its welcome.
func (s *server) follow(query string, header http.Header) *eventStream {
	s.t.Helper()
	stream := s.events(query, header)
	require.Equal(s.t, http.StatusOK, stream.response.StatusCode)
	require.NoError(s.t, apitest.Check(stream.response.Request, nil, http.StatusOK, stream.response.Header, nil), "as the OpenAPI document says")
	require.Equal(s.t, "text/event-stream", stream.response.Header.Get("Content-Type"))
	stream.expect("welcome")
	return stream
}

func (e *eventStream) close() {
	e.cancel()
	_ = e.response.Body.Close()
}

// read returns the next event; false: the stream has ended.
func (e *eventStream) read() (frame, bool) {
	e.t.Helper()
	var data []string
	for e.lines.Scan() {
		field, value, _ := strings.Cut(e.lines.Text(), ": ")
		switch {
		case e.lines.Text() == "" && len(data) > 0:
			var f frame
			require.NoError(e.t, json.Unmarshal([]byte(strings.Join(data, "\n")), &f), "%q", data)
			return f, true
		case field == "data":
			data = append(data, value)
		case field == "id":
			e.lastID = value
		case field == "retry":
			e.retry = value
		case field == ":":
			e.comments++
		}
	}
	return frame{}, false
}

func (e *eventStream) expect(typ string) frame {
	e.t.Helper()
	f, ok := e.read()
	require.True(e.t, ok, "the stream ended: %v", e.lines.Err())
	require.Equal(e.t, typ, f.Type, "%s", f.Payload)
	return f
}

// expectEnd reads until the end, which must be this.
func (e *eventStream) expectEnd(code protocol.CloseCode) (reason string) {
	e.t.Helper()
	for {
		f, ok := e.read()
		require.True(e.t, ok, "the stream ended without saying why: %v", e.lines.Err())
		if f.Type == protocol.StreamClose {
			require.InEpsilon(e.t, float64(code), f.get(e.t, "code"), 0)
			_, more := e.read()
			require.False(e.t, more)
			require.NoError(e.t, e.lines.Err())
			return f.get(e.t, "reason").(string)
		}
	}
}

func (e *eventStream) problem(status int, code protocol.ErrorCode) (detail string) {
	e.t.Helper()
	body, err := io.ReadAll(e.response.Body)
	require.NoError(e.t, err)
	require.Equal(e.t, status, e.response.StatusCode, "%s", body)
	require.NoError(e.t, apitest.Check(e.response.Request, nil, status, e.response.Header, body), "as the OpenAPI document says")
	var p struct {
		Status                    int
		Code, Type, Title, Detail string
	}
	require.NoError(e.t, json.Unmarshal(body, &p))
	require.Equal(e.t, status, p.Status)
	require.Equal(e.t, string(code), p.Code)
	page, anchor, _ := strings.Cut(p.Type, "#")
	require.Equal(e.t, "https://github.com/starling-realtime/starling/blob/main/docs/sse.md", page)
	text, err := os.ReadFile("../docs/sse.md")
	require.NoError(e.t, err)
	require.Contains(e.t, string(text), "\n### "+anchor+"\n", "the type leads to a heading")
	require.NotEqual(e.t, p.Code, p.Title, "it has a title for people")
	return p.Detail
}

func TestEventStream(t *testing.T) {
	s := serve(t, nil)
	bob := s.member("bob")
	bob.join("r")
	e := s.follow("member=ann&channel=r", nil)
	require.NotEmpty(t, e.lastID, "even before the first event")
	require.NotEmpty(t, e.retry)
	require.ElementsMatch(t, []any{"ann", "bob"}, e.expect("presence:snapshot").get(t, "members"))
	joined := e.expect(protocol.StreamJoined)
	require.Equal(t, "r", joined.get(t, "channel"))
	require.Equal(t, true, joined.get(t, "newlyPresent"))
	require.Equal(t, "ann", bob.expect("presence:join").get(t, "memberId"))

	bob.say("{\"type\":\"publish\",\"payload\":{\"channel\":\"r\",\"type\":\"m\",\"payload\":{\"text\":\n\"hello\"}}}")
	f := e.expect("m")
	require.Equal(t, "r", f.Channel)
	require.Equal(t, "bob", f.From)
	require.Equal(t, "hello", f.get(t, "text"))
	require.Equal(t, f.MID, e.lastID)
	bob.say(`{"type":"typing","payload":{"channel":"r","typing":true}}`)
	require.Equal(t, true, e.expect("typing").get(t, "typing"))
	s.metric(`starling_event_streams_accepted_total 1`)
	s.metric(`starling_connections 2`)

	e.close()
	require.Equal(t, "ann", bob.expect("presence:leave").get(t, "memberId"))
	s.metric(`starling_connections 1`)
	s.metric(`starling_closed_total{code="none"} 1`)
}

func TestEventStreamModes(t *testing.T) {
	s := serve(t, nil)
	bob := s.member("bob")
	bob.join("a")
	bob.join("b")
	e := s.follow("member=ann&channel=a&channel=b&presence=count&presence=none", nil)
	f := e.expect("presence:snapshot")
	require.Equal(t, "a", f.get(t, "channel"))
	require.Empty(t, f.get(t, "members"))
	require.InEpsilon(t, 2, f.get(t, "memberCount"), 0)
	e.expect(protocol.StreamJoined)
	e.expect(protocol.StreamJoined)
	s.member("cem").join("b")
	s.member("dan").join("a")
	require.InEpsilon(t, 3, e.expect("presence:count").get(t, "memberCount"), 0)

	none := s.follow("member=eve", nil) // without channels: nothing but the welcome
	s.metric(`starling_connections 5`)
	none.close()
}

// A client that comes back cannot know what it has missed, and nobody can tell it.
func TestEventStreamThatComesBackHasAGap(t *testing.T) {
	s := serve(t, nil)
	e := s.follow("member=ann&channel=r&channel=q&presence=none", nil)
	e.expect(protocol.StreamJoined)
	e.close()
	for query, header := range map[string]http.Header{
		"":                         {"Last-Event-Id": {e.lastID}},
		"&lastEventId=" + e.lastID: nil,
	} {
		again := s.follow("member=ann&channel=r&channel=q&presence=none"+query, header)
		for _, channel := range []string{"r", "q"} {
			f := again.expect("gap")
			require.Equal(t, channel, f.get(t, "channel"))
			require.Equal(t, "*", f.get(t, "gateway"))
		}
		again.expect(protocol.StreamJoined)
		again.close()
	}
	full := s.follow("member=ann&channel=r", http.Header{"Last-Event-Id": {e.lastID}})
	full.expect("presence:snapshot")
	full.expect("gap")
}

func TestEventStreamIsRefused(t *testing.T) {
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) {
		c.Limits.ChannelsPerConnection = 2
		c.AuthRules = `[{"channels":["open"],"allow":["join","presence"]},{"channels":["blind"],"allow":["join"]}]`
	})
	bad := s.events
	require.Contains(t, bad("channel=open", nil).problem(http.StatusBadRequest, protocol.CodeBadRequest), "?member=")
	require.Contains(t, bad("member=a&channel=", nil).problem(http.StatusBadRequest, protocol.CodeBadRequest), "channel 1")
	require.Contains(t, bad("member=a&channel=x&channel=x", nil).problem(http.StatusBadRequest, protocol.CodeBadRequest), "twice")
	require.Contains(t, bad("member=a&channel=x&presence=all", nil).problem(http.StatusBadRequest, protocol.CodeBadRequest), "full, count or none")
	require.Contains(t, bad("member=a&channel=x&presence=full&presence=none", nil).problem(http.StatusBadRequest, protocol.CodeBadRequest), "once for all")
	require.Contains(t, bad("member=a&%zz", nil).problem(http.StatusBadRequest, protocol.CodeBadRequest), "percent-encode")
	require.Contains(t, bad("member=a&session=%01", nil).problem(http.StatusBadRequest, protocol.CodeBadRequest), "session")
	require.Contains(t, bad("member=a&channel=x&channel=y&channel=z", nil).problem(http.StatusBadRequest, protocol.CodeTooManyChannels),
		"--max-channels-per-connection")
	require.Contains(t, bad("member=a&channel=secret", nil).problem(http.StatusForbidden, protocol.CodeForbidden), "secret")
	require.Contains(t, bad("member=a&channel=blind", nil).problem(http.StatusForbidden, protocol.CodeForbidden), "may not see who")
	require.Contains(t, bad("member=a&channel=open", header("Origin", "https://evil.example")).problem(http.StatusForbidden, protocol.CodeForbidden),
		"evil.example")
	s.metric(`starling_connections 0`)
	s.follow("member=a&channel=blind&presence=none", nil).expect(protocol.StreamJoined)

	response, err := http.Head(s.client.URL + "/v1/events?member=a")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)
}

func TestEventStreamAndPages(t *testing.T) {
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) { c.AllowedOrigins = []string{"https://app.example"} })
	page := header("Origin", "https://app.example")
	e := s.follow("member=a", page)
	require.Equal(t, "https://app.example", e.response.Header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, "Origin", e.response.Header.Get("Vary"))
	refused := s.events("", page)
	require.Equal(t, "https://app.example", refused.response.Header.Get("Access-Control-Allow-Origin"), "so that the page can read why")

	for origin, want := range map[string]int{"https://app.example": http.StatusNoContent, "https://evil.example": http.StatusForbidden} {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodOptions, s.client.URL+"/v1/events", nil)
		require.NoError(t, err)
		request.Header.Set("Origin", origin)
		request.Header.Set("Access-Control-Request-Headers", "authorization")
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, want, response.StatusCode)
		require.Equal(t, want == http.StatusNoContent, strings.Contains(response.Header.Get("Access-Control-Allow-Headers"), "Authorization"))
	}
}

// The joins of streams count like those of connections, before the stream begins.
func TestEventStreamsJoinAtTheRate(t *testing.T) {
	s := serve(t, limits(func(l *gateway.Limits) { l.JoinsPerSecond = 1 })) // and two at once
	answer := s.events("member=ann&channel=a&channel=b&channel=c&channel=d&channel=e&channel=f&channel=g&channel=h", nil)
	require.Contains(t, answer.problem(http.StatusServiceUnavailable, protocol.CodeUnavailable), "--joins-per-second")
	require.NotEmpty(t, answer.response.Header.Get("Retry-After"))
	s.metric(`starling_limit_hits_total{limit="joins-per-second"} 1`)
	require.Empty(t, s.Hub().ChannelNames())
}

// EventSource gives up at a status, so a gateway that is full can say in a stream when to come back.
func TestEventStreamFindsTheGatewayFull(t *testing.T) {
	s := serve(t, limits(func(l *gateway.Limits) { l.Connections = 1 }))
	s.member("ann")
	answer := s.events("member=b&channel=r", nil)
	answer.problem(http.StatusServiceUnavailable, protocol.CodeUnavailable)
	require.NotEmpty(t, answer.response.Header.Get("Retry-After"))
	inside := s.events("member=b&channel=r&handshake=close", nil)
	require.Equal(t, http.StatusOK, inside.response.StatusCode)
	require.Equal(t, "unavailable", inside.expect("error").get(t, "code"))
	require.Contains(t, inside.expectEnd(protocol.CloseAtCapacity), "--max-connections")
	require.NotEmpty(t, inside.retry)
}

func TestEventStreamEndsWithItsToken(t *testing.T) {
	s, sign := jwtServer(t, func(c *gateway.Config) { c.JWTLeeway, c.TokenInQuery = 0, true })
	s.events("channel=r", nil).problem(http.StatusUnauthorized, protocol.CodeForbidden)
	end := time.Now().Add(2 * time.Second)
	e := s.follow("channel=r", bearer(sign("ann", end)))
	e.expect("presence:snapshot")
	require.Contains(t, e.expectEnd(protocol.CloseExpired), "expired")
	require.False(t, time.Now().Before(end.Truncate(time.Second)))
	s.metric(`starling_connections_expired_total 1`)
	s.follow("channel=r&token="+sign("ann", time.Now().Add(time.Hour)), nil).expect("presence:snapshot")
}

func TestEventStreamHasHeartbeats(t *testing.T) {
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) { c.Heartbeat = 100 * time.Millisecond })
	e := s.follow("member=ann&channel=r", nil)
	e.expect("presence:snapshot")
	e.expect(protocol.StreamJoined)
	time.AfterFunc(time.Second, func() { _, _ = s.Hub().Publish("r", "m", nil, hub.PublishOptions{}) })
	e.expect("m") // after ten heartbeats in which the client said nothing
	require.Greater(t, e.comments, 2)
}

// A client that does not read is closed like any other, and others do not notice.
func TestEventStreamThatDoesNotRead(t *testing.T) {
	s := serve(t, limits(func(l *gateway.Limits) { l.SendQueueBytes = 64 << 10 }))
	reader := s.follow("member=ann&channel=r&presence=none", nil)
	reader.expect(protocol.StreamJoined)
	stalled := s.rawConn()
	require.NoError(t, stalled.(*net.TCPConn).SetReadBuffer(4<<10))
	_, err := io.WriteString(stalled, "GET /v1/events?member=bob&channel=r&presence=none HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	s.metric(`starling_event_streams_accepted_total 2`)
	eventually(t, func() bool { return s.Hub().IsPresent("r", "bob") }, "it has joined")
	payload := json.RawMessage(`"` + strings.Repeat("x", 32<<10) + `"`)
	for range 60 { // more than kernels keep for it
		_, err := s.Hub().Publish("r", "m", payload, hub.PublishOptions{})
		require.NoError(t, err)
		reader.expect("m")
	}
	s.metric(`starling_closed_total{code="4008"} 1`)
}

// What a client sends into its stream's connection ends it.
func TestEventStreamTakesNoRequests(t *testing.T) {
	s := serve(t, nil)
	conn := s.rawConn()
	_, err := io.WriteString(conn, "GET /v1/events?member=ann HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	lines := bufio.NewReader(conn)
	for line := ""; !strings.Contains(line, "welcome"); {
		line, err = lines.ReadString('\n')
		require.NoError(t, err)
	}
	_, err = io.WriteString(conn, "GET /healthz HTTP/1.1\r\n\r\n")
	require.NoError(t, err)
	rest, err := io.ReadAll(lines)
	require.NoError(t, err)
	require.Contains(t, string(rest), `"code":1008`)
}

func (s *server) rawConn() net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.client.Listener.Addr().String())
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close() })
	require.NoError(s.t, conn.SetDeadline(time.Now().Add(patience)))
	return conn
}
