package load

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/starling-realtime/starling/internal/bench/dialect"
)

// An engine is the connections of one process and what they measure.
type engine struct {
	plan      *Plan
	dialect   dialect.Dialect
	clock     clock
	tokens    *tokens
	transport transport
	conns     []*conn
	toggled   []atomic.Int64 // when the joiner of each channel was due to join last; 0: never

	mu      sync.Mutex // held in every callback of the transport
	result  Result
	window  window
	opening *opening // nil: none goes on
	pacing  atomic.Bool
	sent    atomic.Uint64
	pacer   *pacer
	halt    context.CancelFunc // of the pacing; only the command loop uses it
}

// A transport moves bytes. It calls a connection's connected, received and gone with the engine's lock held, and its own methods
// may be called with it.
type transport interface {
	// dial begins to connect. What fails then is told by gone.
	dial(c *conn)
	// send sends bytes, or keeps them until they can be sent. It never waits on Linux.
	send(c *conn, b []byte)
	// pending is how many bytes wait to be sent.
	pending(c *conn) int
	// cut closes the connection without a goodbye; gone follows before it returns.
	cut(c *conn)
	// pause stops reading for good.
	pause(c *conn)
	// run works until ctx ends.
	run(ctx context.Context) error
}

// newEngine makes the connections of a plan, none of them open.
func newEngine(plan *Plan, d dialect.Dialect) (*engine, error) {
	e := &engine{plan: plan, dialect: d, clock: newClock(), tokens: newTokens(plan.TokenKey)}
	e.result.Latency, e.result.Lateness, e.result.OpenTime = NewHistogram(), NewHistogram(), NewHistogram()
	e.result.Ends, e.result.StalledEnds, e.result.Failures = map[string]int{}, map[string]int{}, map[string]int{}
	e.result.Streams = make([]uint32, plan.Streams)
	targets := map[string]*target{}
	secure := false
	for n := range plan.Groups {
		g := &plan.Groups[n]
		if g.Toggles && plan.Parts > 1 {
			return nil, fmt.Errorf("group %s: one process must make all the joins, to know when each was due", g.Name)
		}
		for i := plan.Part; i < g.Count; i += plan.Parts {
			name := g.Targets[i%len(g.Targets)]
			if targets[name] == nil {
				t, err := resolve(name)
				if err != nil {
					return nil, err
				}
				targets[name] = t
				secure = secure || t.secure
			}
			e.conns = append(e.conns, e.newConn(g, i, targets[name]))
		}
	}
	sources, err := parseSources(plan.Sources)
	if err != nil {
		return nil, err
	}
	e.transport, err = newTransport(e, sources, secure)
	return e, err
}

func (e *engine) newConn(g *Group, number int, t *target) *conn {
	c := &conn{e: e, group: g, number: number, target: t}
	if g.Toggles {
		e.toggled = append(e.toggled, atomic.Int64{})
		return c
	}
	if g.Deaf || e.plan.Streams == 0 || c.stalled() {
		return c
	}
	each := e.plan.Streams / e.plan.Channels
	c.subs = make([]subscription, 0, g.PerConnection*each)
	for j := range g.PerConnection {
		for p := range each {
			stream := e.plan.channel(g, number, j) + p*e.plan.Channels
			c.subs = append(c.subs, subscription{stream: uint32(stream)})
		}
	}
	return c
}

// gone notes the end of a connection's life.
func (e *engine) gone(c *conn, was phase, cause string) {
	if was == ready {
		e.result.Open--
		if c.stalled() {
			e.result.StalledEnds[cause]++
		} else if cause != cutByUs {
			e.result.Ends[cause]++
		}
		return
	}
	e.result.Failures[cause]++
	if e.opening != nil {
		e.opening.failed(c)
	}
}

// cutByUs is the cause of ends that the plan asked for.
const cutByUs = "cut"

// drop cuts all connections.
func (e *engine) drop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.conns {
		if c.phase != idle && c.phase != ended {
			e.transport.cut(c)
		}
	}
}

// counts returns what has been done so far.
func (e *engine) counts() Counts {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.result.Counts
	n.Opening, n.Pacing, n.Sent = e.opening != nil, e.pacing.Load(), e.sent.Load()
	return n
}

// measured returns the result so far; that of the pacer only once it has ended.
func (e *engine) measured() Result {
	counts := e.counts()
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.result
	r.Counts = counts
	if p := e.pacer; p != nil && !counts.Pacing {
		r.Streams, r.SentInWindow, r.Lateness = p.streams, p.inWindow, p.lateness
	}
	return r
}
