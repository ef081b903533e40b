package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/client"
)

// A script is a gateway that a test plays, in a bubble of synctest and over pipes, so that time is the test's as well.
type script struct {
	t     *testing.T
	dials chan net.Conn
	peers chan *peer
	http  *http.Server
	done  sync.WaitGroup

	mu       sync.Mutex
	refusals []refusal
	requests []*http.Request
	at       []time.Time // when the requests came
}

// A refusal answers a handshake.
type refusal struct {
	status     int
	retryAfter string
}

// play runs a test against a script, in a bubble.
func play(t *testing.T, test func(t *testing.T, s *script)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &script{t: t, dials: make(chan net.Conn), peers: make(chan *peer, 100)}
		s.http = &http.Server{Handler: s}
		s.done.Go(func() { _ = s.http.Serve(s) })
		t.Cleanup(func() {
			_ = s.http.Close()
			s.done.Wait()
		})
		test(t, s)
	})
}

// Accept implements [net.Listener].
func (s *script) Accept() (net.Conn, error) {
	c, ok := <-s.dials
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

// Close implements [net.Listener].
func (s *script) Close() error { close(s.dials); return nil }

// Addr implements [net.Listener].
func (s *script) Addr() net.Addr { return &net.UnixAddr{Name: "script"} }

func (s *script) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case s.dials <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// refuse lets the next handshakes fail.
func (s *script) refuse(list ...refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals = append(s.refusals, list...)
}

// times returns when the handshakes came.
func (s *script) times() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Time(nil), s.at...)
}

func (s *script) request(i int) *http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[i]
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests, s.at = append(s.requests, r), append(s.at, time.Now())
	if len(s.refusals) > 0 {
		no := s.refusals[0]
		s.refusals = s.refusals[1:]
		s.mu.Unlock()
		if no.retryAfter != "" {
			w.Header().Set("Retry-After", no.retryAfter)
		}
		http.Error(w, "not now", no.status)
		return
	}
	s.mu.Unlock()
	ws, err := new(websocket.Upgrader).Upgrade(w, r, nil)
	if err != nil {
		s.t.Errorf("upgrading: %v", err)
		return
	}
	p := &peer{t: s.t, ws: ws, in: make(chan request, 10_000), gone: make(chan struct{})}
	s.done.Go(p.read)
	s.peers <- p
}

// A peer is one connection of the client, seen from the gateway.
type peer struct {
	t    *testing.T
	ws   *websocket.Conn
	in   chan request
	gone chan struct{} // closed when the client's side is over
	code int           // of the client's close frame
}

// A request is what the client sent.
type request struct {
	Type    string          `json:"type"`
	ID      json.RawMessage `json:"id"`
	Payload struct {
		Channel  string          `json:"channel"`
		Presence string          `json:"presence"`
		Type     string          `json:"type"`
		Payload  json.RawMessage `json:"payload"`
		Except   string          `json:"except"`
		Key      string          `json:"key"`
		Typing   *bool           `json:"typing"`
	} `json:"payload"`
}

func (p *peer) read() {
	defer close(p.gone)
	for {
		_, data, err := p.ws.ReadMessage()
		if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
			p.code = closed.Code
		}
		if err != nil {
			_ = p.ws.Close()
			return
		}
		var r request
		if err := json.Unmarshal(data, &r); err != nil {
			p.t.Errorf("the client sent %s: %v", data, err)
		}
		p.in <- r
	}
}

// accept waits for a connection.
func (s *script) accept() *peer {
	s.t.Helper()
	select {
	case p := <-s.peers:
		return p
	case <-time.After(time.Hour):
		require.FailNow(s.t, "the client does not connect")
		return nil
	}
}

// welcome waits for a connection and welcomes it.
func (s *script) welcome(gateway string) *peer {
	s.t.Helper()
	p := s.accept()
	p.say(`{"type":"welcome","payload":{"connId":"%s-1","memberId":"ann","gateway":"%s","heartbeatMs":15000,"maxMessageBytes":65536},"ts":1}`,
		gateway, gateway)
	return p
}

func (p *peer) say(format string, args ...any) {
	p.t.Helper()
	text := format
	if len(args) > 0 {
		text = fmt.Sprintf(format, args...)
	}
	_ = p.ws.SetWriteDeadline(time.Now().Add(time.Minute))
	require.NoError(p.t, p.ws.WriteMessage(websocket.TextMessage, []byte(text)))
}

// expect returns the next request, which must be of a type.
func (p *peer) expect(typ string) request {
	p.t.Helper()
	select {
	case r := <-p.in:
		require.Equal(p.t, typ, r.Type)
		return r
	case <-time.After(time.Hour):
		require.FailNow(p.t, "the client sends nothing", "wanted %s", typ)
		return request{}
	}
}

// quiet shows that nothing was sent that was not read.
func (p *peer) quiet() {
	p.t.Helper()
	synctest.Wait()
	require.Empty(p.t, p.in)
}

func (p *peer) reply(r request, payload string) {
	p.t.Helper()
	p.say(`{"type":"reply","id":%s,"payload":%s,"ts":1}`, r.ID, payload)
}

func (p *peer) snapshot(channel string, members ...string) {
	p.t.Helper()
	list, err := json.Marshal(append([]string{}, members...))
	require.NoError(p.t, err)
	p.say(`{"type":"presence:snapshot","payload":{"channel":%q,"members":%s,"memberCount":%d,"typing":[]},"ts":1}`, channel, list, len(members))
}

// joined waits for a join and confirms it.
func (p *peer) joined(members ...string) {
	p.t.Helper()
	r := p.expect("join")
	p.snapshot(r.Payload.Channel, members...)
	p.reply(r, `{"channel":"r","newlyPresent":true}`)
}

func (p *peer) message(mid, text string) {
	p.t.Helper()
	p.say(`{"type":"m","channel":"r","from":"bob","mid":%q,"payload":%q,"ts":1}`, mid, text)
}

// close closes with a code.
func (p *peer) close(code int) {
	p.t.Helper()
	frame := websocket.FormatCloseMessage(code, "test")
	_ = p.ws.WriteControl(websocket.CloseMessage, frame, time.Now().Add(time.Minute))
	_ = p.ws.Close()
}

// cut breaks the connection.
func (p *peer) cut() { _ = p.ws.Close() }

// client returns a client that is connecting, and ends with the test.
func (s *script) client(opts client.Options) *client.Client {
	s.t.Helper()
	opts.DialContext = s.dial
	if opts.Token == "" && opts.TokenFunc == nil {
		opts.Member = "ann"
	}
	c, err := client.New("ws://gateway", opts)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { require.NoError(s.t, c.Close()) })
	return c
}

// room joins the channel r in the background and returns it once it is joined on p.
func (s *script) room(c *client.Client, p *peer, members ...string) (*client.Channel, *record) {
	s.t.Helper()
	r := &record{}
	return s.roomWith(c, p, client.JoinOptions{OnEvent: r.add}, members...), r
}

func (s *script) roomWith(c *client.Client, p *peer, opts client.JoinOptions, members ...string) *client.Channel {
	s.t.Helper()
	type result struct {
		ch  *client.Channel
		err error
	}
	done := make(chan result, 1)
	go func() {
		ch, err := c.Join(context.Background(), "r", opts)
		done <- result{ch, err}
	}()
	p.joined(members...)
	got := <-done
	require.NoError(s.t, got.err)
	return got.ch
}
