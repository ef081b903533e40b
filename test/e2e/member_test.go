//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// channel is where all members are.
const channel = "room:e2e"

// A member is a client as docs/protocol.md asks for: when its gateway drains it connects elsewhere before it lets go, and when a
// connection breaks it comes back after a random time. It remembers all that it got.
type member struct {
	name    string
	session string
	// address is where to connect to, looked up anew each time.
	address func() string
	// stays says whether it comes back after a broken connection.
	stays bool

	ctx   context.Context // its life
	end   context.CancelFunc
	tasks sync.WaitGroup

	mu      sync.Mutex
	conn    *conn // nil while there is none
	records []record
	seen    map[string]bool // mids
	moves   int             // how often it followed a reconnect
	breaks  int             // how often a connection broke
	broken  time.Time       // when one did last
	trouble []string
}

// newMember makes a member that is not connected.
func newMember(name string, stays bool, address func() string) *member {
	ctx, end := context.WithCancel(context.Background())
	return &member{
		name: name, session: fmt.Sprintf("%s-%x", name, rand.Uint64()), address: address, stays: stays,
		ctx: ctx, end: end, seen: map[string]bool{},
	}
}

// leaveForGood closes its connections and waits for its goroutines.
func (m *member) leaveForGood() {
	m.end()
	m.tasks.Wait()
}

// enter opens a connection, joins the channel and makes that connection the member's. A gateway that accept refuses is let go of.
func (m *member) enter(accept func(gateway string) bool) error {
	ctx, cancel := context.WithTimeout(m.ctx, answerTimeout)
	defer cancel()
	c, err := open(ctx, m.address(), m.name, m.session)
	if err != nil {
		return err
	}
	if accept != nil && !accept(c.gateway) {
		c.close()
		return fmt.Errorf("gateway %s is not wanted", c.gateway)
	}
	id, err := c.send("join", map[string]any{"channel": channel})
	if err != nil {
		c.close()
		return fmt.Errorf("joining: %w", err)
	}
	joined := make(chan error, 1)
	m.tasks.Go(func() { m.follow(c, id, joined) })
	select {
	case err = <-joined:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		c.close()
		return fmt.Errorf("joining: %w", err)
	}
	return nil
}

// follow reads a connection to its end, and goes on elsewhere when it must.
func (m *member) follow(c *conn, joinID int, joined chan<- error) {
	stop := context.AfterFunc(m.ctx, c.close)
	defer stop()
	replaced := false
	for {
		f, err := c.read()
		if err != nil {
			select {
			case joined <- err:
			default:
			}
			m.broke(c, err, replaced)
			return
		}
		m.remember(c, f)
		switch {
		case f.Type == "reply" && f.ID == joinID:
			m.adopt(c)
			joined <- nil
		case f.Type == "reconnect" && !replaced:
			replaced = true
			b := f.body()
			m.tasks.Go(func() { m.move(c, b) })
		}
	}
}

func (m *member) remember(c *conn, f frame) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f.MID != "" {
		if m.seen[f.MID] {
			return
		}
		m.seen[f.MID] = true
	}
	m.records = append(m.records, record{frame: f, at: time.Now(), conn: c, gateway: c.gateway})
}

func (m *member) adopt(c *conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conn = c
}

// move connects elsewhere, and lets go of the old connection only then.
func (m *member) move(old *conn, say body) {
	if !pause(m.ctx, time.Duration(say.AfterMs)*time.Millisecond) {
		return
	}
	m.comeBack(0)
	pause(m.ctx, time.Duration(say.OverlapMs)*time.Millisecond)
	m.mu.Lock()
	m.moves++
	m.mu.Unlock()
	old.close()
}

// broke is called when a connection ended. If it was the one in use, the member comes back.
func (m *member) broke(c *conn, err error, replaced bool) {
	m.mu.Lock()
	used := m.conn == c
	if used {
		m.conn = nil
	}
	if used && m.ctx.Err() == nil {
		m.breaks++
		m.broken = time.Now()
		m.trouble = append(m.trouble, fmt.Sprintf("%s at %s: %v", time.Now().Format(clockFormat), c.gateway, err))
	}
	m.mu.Unlock()
	if used && m.stays && !replaced && m.ctx.Err() == nil {
		m.tasks.Go(func() { m.comeBack(time.Second) })
	}
}

// comeBack connects again until that succeeds, each time after a random time below a bound that doubles up to 4 s. The first bound
// is 0 for a move: the gateway has said when.
func (m *member) comeBack(bound time.Duration) {
	for m.ctx.Err() == nil {
		if bound > 0 && !pause(m.ctx, rand.N(bound)) {
			return
		}
		bound = min(max(2*bound, time.Second), 4*time.Second)
		err := m.enter(nil)
		if err == nil {
			return
		}
		m.mu.Lock()
		m.trouble = append(m.trouble, fmt.Sprintf("%s %v", time.Now().Format(clockFormat), err))
		m.mu.Unlock()
	}
}

// request sends one about the channel of the test on the connection in use.
func (m *member) request(kind string, payload map[string]any) error {
	payload["channel"] = channel
	_, err := m.ask(kind, payload)
	return err
}

// ask sends a request on the connection in use, and returns its id.
func (m *member) ask(kind string, payload map[string]any) (int, error) {
	m.mu.Lock()
	c := m.conn
	m.mu.Unlock()
	if c == nil {
		return 0, fmt.Errorf("%s has no connection", m.name)
	}
	return c.send(kind, payload)
}

// at is the gateway of the connection in use, or "".
func (m *member) at() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.conn == nil {
		return ""
	}
	return m.conn.gateway
}

// brokenAt is when a connection in use broke last; zero if none did.
func (m *member) brokenAt() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.broken
}

// got returns the frames from number since on that match.
func (m *member) got(since int, match func(record) bool) []record {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []record
	for _, r := range m.records[min(since, len(m.records)):] {
		if match(r) {
			found = append(found, r)
		}
	}
	return slices.Clip(found)
}

// view is who is present, as told on the connection in use: by its snapshot and the events since.
func (m *member) view() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var present []string
	for _, r := range m.records {
		if r.conn != m.conn {
			continue
		}
		switch r.Type {
		case "presence:snapshot":
			present = slices.Clone(r.body().Members)
		case "presence:join":
			present = append(present, r.body().MemberID)
		case "presence:leave":
			if i := slices.Index(present, r.body().MemberID); i >= 0 {
				present = slices.Delete(present, i, i+1)
			}
		}
	}
	slices.Sort(present)
	return present
}

// now is the number of frames so far.
func (m *member) now() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.records)
}

// String tells where the member is and what it went through.
func (m *member) String() string {
	at := m.at()
	m.mu.Lock()
	defer m.mu.Unlock()
	return fmt.Sprintf("%s at %q, %d frames, %d moves, %d breaks, trouble: %q", m.name, at, len(m.records), m.moves, m.breaks, m.trouble)
}

// pause waits, and returns false if ctx ended before.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
