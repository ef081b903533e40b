package load

import (
	"fmt"
	"strconv"

	"github.com/starling-realtime/starling/internal/bench/dialect"
	"github.com/starling-realtime/starling/internal/bench/frame"
)

// A conn is one connection of the load, through all its lives. Its fields belong to the engine's lock, but for link, which belongs
// to the transport.
type conn struct {
	link

	e      *engine
	group  *Group
	number int // in the group
	target *target
	phase  phase
	due    int64 // when this life was due
	joins  int   // that are not answered yet
	nextID int
	rest   []byte // a frame of which a part came
	subs   []subscription
	closed string // the close code that the server sent
}

type phase uint8

const (
	idle    phase = iota
	dialing       // until the TCP connection is there, and over TLS its handshake is done
	upgrading
	greeting
	joining
	ready
	ended
)

func (c *conn) stalled() bool { return c.number < c.group.Stalled }

func (c *conn) member() dialect.Member {
	id := c.group.Name + "-" + strconv.Itoa(c.number)
	return dialect.Member{ID: id, Token: c.e.tokens.sign(id)}
}

// connected is called by the transport when bytes can be sent.
func (c *conn) connected() {
	c.phase = upgrading
	uri, header := c.e.dialect.Request(c.member())
	c.e.transport.send(c, upgradeRequest(c.target.host, uri, header))
}

// received is called by the transport with what came, which is only valid during the call. An error ends the connection.
func (c *conn) received(buf []byte) error {
	if len(c.rest) > 0 {
		c.rest = append(c.rest, buf...)
		buf = c.rest
	}
	left, err := c.consume(buf)
	if err != nil {
		return err
	}
	switch {
	case len(left) == 0:
		c.rest = c.rest[:0]
		if cap(c.rest) > keepRest {
			c.rest = nil
		}
	default:
		c.rest = append(c.rest[:0], left...) // forwards, so it may overlap
	}
	return nil
}

// keepRest is the largest buffer for parts of frames that a connection keeps.
const keepRest = 4 << 10

// consume handles all that is complete and returns the rest.
func (c *conn) consume(buf []byte) ([]byte, error) {
	if c.phase == upgrading {
		size, err := upgradeAnswer(buf)
		if err != nil || size == 0 {
			return buf, err
		}
		buf = buf[size:]
		c.phase = greeting
		if hello := c.e.dialect.Greeting(); hello != nil {
			c.send(hello)
		}
	}
	now := c.e.clock.now()
	for len(buf) > 0 {
		op, payload, size, err := frame.Next(buf)
		if err != nil {
			return nil, err
		}
		if size == 0 {
			break
		}
		c.frame(op, payload, now)
		buf = buf[size:]
	}
	return buf, nil
}

func (c *conn) frame(op frame.Opcode, payload []byte, now int64) {
	switch op {
	case frame.Text, frame.Binary:
		c.messages(payload, now)
	case frame.Ping:
		c.e.transport.send(c, frame.Append(nil, frame.Pong, payload))
	case frame.Close:
		c.closed = strconv.Itoa(frame.CloseCode(payload))
		c.e.transport.send(c, frame.Append(nil, frame.Close, payload))
	case frame.Pong:
	}
}

// send sends one text message.
func (c *conn) send(msg []byte) { c.e.transport.send(c, frame.Append(nil, frame.Text, msg)) }

// ready is called when the server takes requests.
func (c *conn) greeted() {
	if c.phase != greeting {
		return
	}
	c.phase = joining
	if c.group.Toggles || c.group.PerConnection == 0 {
		c.opened()
		return
	}
	var out []byte
	c.joins = c.group.PerConnection
	for j := range c.group.PerConnection {
		channel := ChannelName(c.e.plan.channel(c.group, c.number, j))
		out = frame.Append(out, frame.Text, c.e.dialect.Join(nil, c.id(), channel, c.group.Presence))
	}
	c.e.transport.send(c, out)
}

func (c *conn) id() int {
	c.nextID++
	return c.nextID
}

// joined is called when a join is answered.
func (c *conn) joined() {
	if c.phase != joining {
		return
	}
	if c.joins--; c.joins == 0 {
		c.opened()
	}
}

func (c *conn) opened() {
	c.phase = ready
	c.e.opened(c)
	if c.stalled() {
		c.e.transport.pause(c)
	}
}

// gone is called by the transport, once in each life, when the connection has ended.
func (c *conn) gone(err error) {
	was := c.phase
	c.phase, c.rest = ended, nil
	cause := c.closed
	if cause == "" {
		cause = fmt.Sprint(err)
	}
	c.closed = ""
	c.e.gone(c, was, cause)
}

// publishes returns the streams that the connection publishes.
func (c *conn) publishes() (first, end int) {
	if !c.group.Publishes {
		return 0, 0
	}
	k := c.group.PerConnection
	return min(c.number*k, c.e.plan.Streams), min((c.number+1)*k, c.e.plan.Streams)
}
