package client

import (
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// writeTimeout bounds one write. It is generous: a gateway slows those down that publish too much by not reading.
const writeTimeout = 30 * time.Second

// An outbox holds what waits to be written to a connection, so that nobody but its writer waits for the socket. What is in it is
// bounded by the bounds of what sends: publishes, joins, and one pong.
type outbox struct {
	mu     sync.Mutex
	frames [][]byte
	ping   []byte // the last ping that needs a pong; nil: none
	bye    []byte // the close frame's payload, once there will be nothing more
	ending bool   // nothing is taken any more
	err    error  // why it could not be written
	wake   chan struct{}
}

func (o *outbox) init() { o.wake = make(chan struct{}, 1) }

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) send(frame []byte) {
	o.mu.Lock()
	if !o.ending {
		o.frames = append(o.frames, frame)
	}
	o.mu.Unlock()
	o.signal()
}

func (o *outbox) pong(data []byte) {
	o.mu.Lock()
	o.ping = append([]byte{}, data...)
	o.mu.Unlock()
	o.signal()
}

// close lets what waits be written, and then a close frame.
func (o *outbox) close(payload []byte) {
	o.mu.Lock()
	if !o.ending {
		o.ending, o.bye = true, payload
	}
	o.mu.Unlock()
	o.signal()
}

// fail notes why the connection cannot go on.
func (o *outbox) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
}

// stop ends the writer at once and returns why it failed, if it did.
func (o *outbox) stop() error {
	o.mu.Lock()
	o.ending, o.frames, o.ping, o.bye = true, nil, nil, nil
	err := o.err
	o.mu.Unlock()
	o.signal()
	return err
}

// take returns what is to be written now; over says that it is the last.
func (o *outbox) take() (frames [][]byte, ping, bye []byte, over bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	frames, ping, bye, over = o.frames, o.ping, o.bye, o.ending
	o.frames, o.ping = nil, nil
	return frames, ping, bye, over
}

// write writes until the outbox is closed or stopped.
func (cn *conn) write() {
	for range cn.out.wake {
		frames, ping, bye, over := cn.out.take()
		if err := cn.writeAll(frames, ping, bye); err != nil {
			cn.cripple(err)
			return
		}
		if over {
			return
		}
	}
}

func (cn *conn) writeAll(frames [][]byte, ping, bye []byte) error {
	if ping != nil {
		if err := cn.ws.WriteControl(websocket.PongMessage, ping, time.Now().Add(writeTimeout)); err != nil {
			return err
		}
	}
	for _, f := range frames {
		if err := cn.ws.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
			return err
		}
		if err := cn.ws.WriteMessage(websocket.TextMessage, f); err != nil {
			return err
		}
	}
	if bye != nil {
		return cn.ws.WriteControl(websocket.CloseMessage, bye, time.Now().Add(closeTimeout))
	}
	return nil
}
