package client

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// closeTimeout bounds how long a gateway may take to answer a close.
	closeTimeout = 2 * time.Second
	// answerTimeout is how long no answer may come to any of the requests that wait for one. It is generous, because a gateway
	// slows those down that publish too much.
	answerTimeout = 30 * time.Second
)

// A conn is one connection to a gateway. One goroutine reads it and one writes it.
type conn struct {
	c         *Client
	ws        *websocket.Conn
	out       outbox
	id        string
	gateway   string
	heartbeat time.Duration
	maxBytes  int
	since     time.Time
	// expires is when the token ends with which it was made; zero: nobody can tell, or there is no TokenFunc.
	expires time.Time

	// ended is closed when the connection is over; err is why, from then on.
	ended chan struct{}
	err   error
	// ready is closed when every channel that was to be joined has an answer.
	ready chan struct{}
	// asked is closed when the gateway wants the client to move; moveAfter and overlap say how, from then on.
	asked              chan struct{}
	moveAfter, overlap time.Duration

	// The following belong to the client's lock.
	lastID   uint64
	waiting  map[uint64]waiter
	progress time.Time     // when the last answer came, or the first of the requests that wait was made
	joining  int           // channels that have no answer yet
	isReady  bool          // ready is closed
	leaving  bool          // the client closes it
	dying    bool          // it cannot be written any more
	moving   bool          // asked is closed
	after    time.Duration // the last retryAfterMs of an error that answers nothing
}

// An answer is a reply, or an error.
type answer struct {
	body body
	err  error
}

// A waiter is called with an answer, with the client's lock held.
type waiter func(answer)

func newConn(c *Client, ws *websocket.Conn, welcome body) *conn {
	cn := &conn{
		c: c, ws: ws, id: welcome.ConnID, gateway: welcome.Gateway, maxBytes: welcome.MaxMessageBytes, since: time.Now(),
		heartbeat: millis(welcome.HeartbeatMs, time.Hour),
		ended:     make(chan struct{}), ready: make(chan struct{}), asked: make(chan struct{}), waiting: map[uint64]waiter{},
	}
	cn.out.init()
	ws.SetPingHandler(func(data string) error {
		cn.heard()
		cn.out.pong([]byte(data))
		return nil
	})
	ws.SetPongHandler(func(string) error { cn.heard(); return nil })
	return cn
}

// heard puts off the moment at which the gateway is taken for dead. It pings each heartbeat.
func (cn *conn) heard() {
	cn.c.mu.Lock()
	defer cn.c.mu.Unlock()
	if cn.leaving || cn.dying {
		return
	}
	var deadline time.Time
	if cn.heartbeat > 0 {
		deadline = time.Now().Add(2 * cn.heartbeat)
	}
	_ = cn.ws.SetReadDeadline(deadline)
	if len(cn.waiting) > 0 && time.Since(cn.progress) > answerTimeout {
		cn.out.fail(fmt.Errorf("the gateway answered no request for %s", answerTimeout))
		cn.dying = true
		_ = cn.ws.SetReadDeadline(time.Now())
	}
}

// read handles frames until the connection is over.
func (cn *conn) read() {
	var buf bytes.Buffer
	const keep = 64 << 10
	for {
		kind, reader, err := cn.ws.NextReader()
		if err == nil {
			if buf.Cap() > keep {
				buf = bytes.Buffer{}
			}
			buf.Reset()
			_, err = buf.ReadFrom(reader)
		}
		if err != nil {
			cn.finish(err)
			return
		}
		cn.heard()
		if kind != websocket.TextMessage {
			cn.c.badFrame(cn, errors.New("a binary frame"))
			continue
		}
		f, err := parseFrame(buf.Bytes())
		if err != nil {
			cn.c.badFrame(cn, err)
			continue
		}
		cn.c.handle(cn, &f)
	}
}

// finish ends the connection: nothing can be read any more.
func (cn *conn) finish(err error) {
	cause := cn.out.stop()
	_ = cn.ws.Close()
	cn.c.lost(cn, cn.explain(err, cause))
}

// explain makes an error of ours from why it could not be read, and why it could not be written. The gateway's own word is best.
func (cn *conn) explain(reading, writing error) error {
	var closed *websocket.CloseError
	switch {
	case errors.As(reading, &closed) && closed.Code != websocket.CloseAbnormalClosure:
		return &CloseError{Code: closed.Code, Reason: strings.ToValidUTF8(closed.Text, "?")}
	case writing != nil:
		return fmt.Errorf("writing to %s: %w", cn.gateway, writing)
	default:
		return fmt.Errorf("reading from %s: %w", cn.gateway, reading)
	}
}

// shut says goodbye: what waits is written, then a close frame, and the gateway answers it.
func (cn *conn) shut() {
	cn.c.mu.Lock()
	defer cn.c.mu.Unlock()
	cn.leaving = true
	_ = cn.ws.SetReadDeadline(time.Now().Add(closeTimeout))
	cn.out.close(websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""))
}

// cripple is called when nothing can be written any more. What the gateway has said before is still read: it may say why.
func (cn *conn) cripple(err error) {
	cn.out.fail(err)
	cn.c.mu.Lock()
	defer cn.c.mu.Unlock()
	cn.dying = true
	_ = cn.ws.SetReadDeadline(time.Now().Add(closeTimeout))
}

// request sends one that wants an answer. The caller holds the client's lock.
func (cn *conn) request(typ string, payload []byte, w waiter) {
	cn.lastID++
	if len(cn.waiting) == 0 {
		cn.progress = time.Now()
	}
	cn.waiting[cn.lastID] = w
	cn.out.send(encode(typ, cn.lastID, payload))
}

// answered hands an answer to who waits for it. The caller holds the client's lock.
func (cn *conn) answered(id uint64, a answer) bool {
	w, ok := cn.waiting[id]
	if !ok {
		return false
	}
	delete(cn.waiting, id)
	cn.progress = time.Now()
	w(a)
	return true
}

// abandon tells everybody who waits that no answer will come. Answers come in order, so a message that was too large is the first
// that has none. The caller holds the client's lock.
func (cn *conn) abandon(tooLarge bool) {
	for i, id := range slices.Sorted(maps.Keys(cn.waiting)) {
		err := errLost
		if tooLarge && i == 0 {
			err = ErrTooLarge
		}
		cn.answered(id, answer{err: err})
	}
}

// discard closes a connection that was never used.
func (cn *conn) discard() { _ = cn.ws.Close() }
