package crowd

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/starling-realtime/starling/client"
)

// trip is how one client's connections came and went since its mark.
type trip struct {
	mu       sync.Mutex
	lost     time.Time // since when there is no connection; zero while there is
	broke    int
	first    time.Time // when it broke first
	arrived  time.Time // when the last connection was made
	arrivals []arrival
	outages  []time.Duration
	reasons  []string // what the client logged
}

// arrival is a connection that was made.
type arrival struct {
	at      time.Time
	gateway string
}

// note is told by the client, one call at a time.
func (t *trip) note(s client.Status) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch s.State {
	case client.StateConnected:
		t.arrived = time.Now()
		t.arrivals = append(t.arrivals, arrival{time.Now(), s.Gateway})
		if !t.lost.IsZero() {
			t.outages = append(t.outages, time.Since(t.lost))
			t.lost = time.Time{}
		}
	case client.StateWaiting:
		// Without a gateway it is an attempt that failed, maybe in the middle of a move, when the old connection works still.
		if t.lost.IsZero() && s.Gateway != "" {
			t.lost = time.Now()
			t.broke++
			if t.first.IsZero() {
				t.first = t.lost
			}
		}
	}
}

func (t *trip) mark() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.broke, t.first, t.arrivals, t.outages, t.reasons = 0, time.Time{}, nil, nil, nil
}

// overlap is at least as long as a client reads two connections when it moves.
const overlap = 10 * time.Second

// moving says whether the client may be reading two connections.
func (t *trip) moving() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.arrived.IsZero() && time.Since(t.arrived) < overlap
}

// String tells the connections and what went wrong.
func (t *trip) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var text []string
	for _, a := range t.arrivals {
		text = append(text, fmt.Sprintf("%s %s", a.at.Format(clock), a.gateway))
	}
	return fmt.Sprintf("%s; log: %q", strings.Join(text, ", "), t.reasons)
}

// peak is the most arrivals within any second.
func peak(times []time.Time) int {
	most, first := 0, 0
	for i, at := range times {
		for at.Sub(times[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// firstBreak is zero if the connection has not broken.
func (t *trip) firstBreak() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.first
}
