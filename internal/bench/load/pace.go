package load

import (
	"context"
	"math/rand/v2"

	"github.com/starling-realtime/starling/internal/bench/dialect"
	"github.com/starling-realtime/starling/internal/bench/frame"
)

// A pacer publishes on time. Its fields belong to its goroutine until it has ended.
type pacer struct {
	e        *engine
	spec     Pacing
	window   window
	turns    []turn
	streams  []uint32
	inWindow uint64
	lateness Histogram
	buf, msg []byte
	payload  []byte
}

// A turn is one place in the order of publishing.
type turn struct {
	conn   *conn
	stream int
	name   string
}

// mostPending is how many bytes may wait in the publisher's socket before it waits: then the server holds it back.
const mostPending = 64 << 10

// pace publishes, or toggles, until the spec's time is over.
func (e *engine) pace(ctx context.Context, spec Pacing) {
	p := &pacer{
		e: e, spec: spec, window: window{spec.Start + spec.WarmUp, spec.Start + spec.WarmUp + spec.Duration},
		streams: make([]uint32, e.plan.Streams), lateness: NewHistogram(),
	}
	e.mu.Lock()
	e.window, e.pacer = p.window, p
	e.mu.Unlock()
	rate := spec.Rate
	if spec.Toggle {
		p.turns = e.joiners()
		rate *= 2 // a leave for each join
	} else {
		p.turns = e.publishers()
		if e.plan.Streams > 0 {
			rate *= float64(len(p.turns)) / float64(e.plan.Streams)
		}
	}
	if len(p.turns) > 0 {
		p.run(ctx, rate)
	}
	e.pacing.Store(false)
}

// publishers returns a turn for each stream of this process, in an order in which neighbors have little to do with each other.
func (e *engine) publishers() []turn {
	var turns []turn
	for _, c := range e.conns {
		first, end := c.publishes()
		for s := first; s < end; s++ {
			turns = append(turns, turn{c, s, ChannelName(s % e.plan.Channels)})
		}
	}
	r := rand.New(rand.NewPCG(1, 2)) // the same in every run
	r.Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
	return turns
}

func (e *engine) joiners() []turn {
	var turns []turn
	for _, c := range e.conns {
		if c.group.Toggles {
			turns = append(turns, turn{c, len(turns), ChannelName(c.number)})
		}
	}
	return turns
}

// run takes one turn after the other. Turn n is due at n/rate, whatever became of those before: rate 0 is as soon as it can.
func (p *pacer) run(ctx context.Context, rate float64) {
	sleeper := newSleeper()
	defer sleeper.close()
	for n := 0; ; n++ {
		due := p.e.clock.now()
		if rate > 0 {
			due = p.spec.Start + int64(float64(n)/rate*1e9)
		}
		if due >= p.window.end || ctx.Err() != nil {
			return
		}
		for now := p.e.clock.now(); now < max(due, p.spec.Start); now = p.e.clock.now() {
			sleeper.sleep(max(due, p.spec.Start) - now)
		}
		t := &p.turns[n%len(p.turns)]
		if p.spec.Toggle {
			p.toggle(n, due)
			continue
		}
		for p.e.transport.pending(t.conn) > mostPending {
			if ctx.Err() != nil || p.e.clock.now() > p.window.end {
				return
			}
			sleeper.sleep(100_000)
		}
		p.publish(t, due)
	}
}

func (p *pacer) publish(t *turn, due int64) {
	p.streams[t.stream]++
	mark := dialect.Mark{Stream: uint32(t.stream), Seq: p.streams[t.stream], At: due}
	p.payload = dialect.AppendPayload(p.payload[:0], mark, p.spec.Payload)
	t.conn.nextID++ // all joins are over
	p.msg = p.e.dialect.Publish(p.msg[:0], t.conn.nextID, t.name, p.payload, p.spec.Echo)
	p.buf = frame.Append(p.buf[:0], frame.Text, p.msg)
	p.send(t, due)
}

// toggle lets one member join in even turns, and the one who joined half a round ago leave in odd ones.
func (p *pacer) toggle(n int, due int64) {
	count := len(p.turns)
	t := &p.turns[n/2%count]
	if n%2 == 1 {
		if n/2 < count/2 {
			return
		}
		t = &p.turns[(n/2+count-count/2)%count]
		t.conn.nextID++
		p.msg = p.e.dialect.Leave(p.msg[:0], t.conn.nextID, t.name)
		p.buf = frame.Append(p.buf[:0], frame.Text, p.msg)
		p.e.transport.send(t.conn, p.buf)
		return
	}
	p.e.toggled[t.stream].Store(due)
	t.conn.nextID++
	p.msg = p.e.dialect.Join(p.msg[:0], t.conn.nextID, t.name, "none")
	p.buf = frame.Append(p.buf[:0], frame.Text, p.msg)
	p.send(t, due)
}

func (p *pacer) send(t *turn, due int64) {
	p.e.transport.send(t.conn, p.buf)
	p.e.sent.Add(1)
	if p.window.holds(due) {
		p.inWindow++
		p.lateness.Record(p.e.clock.now() - due)
	}
}
