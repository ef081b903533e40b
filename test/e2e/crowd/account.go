package crowd

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/starling-realtime/starling/client"
)

const (
	// mostExamples is how many of a kind are told in words.
	mostExamples = 3
	clock        = "15:04:05.000"
	// patience is how long messages may be on their way, on a machine that is busy.
	patience = time.Minute
)

// A Mark is where an account begins.
type Mark struct {
	at    time.Time
	from  map[*book]int
	stats map[*person]client.Stats
}

// Mark begins an account. Everybody should be connected and nothing be on its way: publishers pause until all has come.
func (c *Crowd) Mark(ctx context.Context) (*Mark, error) {
	if err := c.quiet(ctx, nil); err != nil {
		return nil, err
	}
	defer c.pause(false)
	m := &Mark{at: time.Now(), from: map[*book]int{}, stats: map[*person]client.Stats{}}
	for _, p := range c.people {
		p.ear.mark()
		p.trip.mark()
		m.stats[p] = p.client.Stats()
		m.from[p.book] = p.book.len()
	}
	return m, nil
}

// Account ends an account. It stops publishing, waits until all that is owed has come, a minute at most, and goes on publishing. The
// times at which members that vanished were seen to leave count from the moment since; if that is zero, from the first connection
// that broke.
func (c *Crowd) Account(ctx context.Context, scenario string, m *Mark, since time.Time) Report {
	took := time.Since(m.at)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_ = c.quiet(ctx, m) // what has not come is counted as lost
	defer c.pause(false)
	r := Report{Scenario: scenario, Clients: c.cfg.Clients, Channels: c.cfg.Channels, Seconds: took.Seconds(), Gaps: map[client.GapCause]int{}}
	var arrivals []arrival
	for _, p := range c.people {
		r.addMessages(p, m.from[p.book])
		arrivals = append(arrivals, r.addTrip(p, m.stats[p])...)
	}
	if since.IsZero() {
		since = c.firstBreak()
	}
	r.addPresence(c.people, since)
	r.addPeaks(arrivals)
	return r
}

// firstBreak is when the first connection of all broke.
func (c *Crowd) firstBreak() time.Time {
	var first time.Time
	for _, p := range c.people {
		if at := p.trip.firstBreak(); !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

func (r *Report) addMessages(p *person, from int) {
	entries, open := p.book.page(from)
	if p.publishes {
		r.Unknown += open
		for _, e := range entries {
			if e.accepted {
				r.Published++
			} else if e.err != nil {
				r.Unknown++
			}
		}
		return
	}
	if p.vanished() {
		return
	}
	e := p.ear
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, entry := range entries {
		switch heard := e.heard[from+i]; {
		case heard > 0:
			r.Delivered++
			r.Duplicates += heard - 1
		case entry.accepted && e.warned(entry.at):
			r.LostWithGap++
		case entry.accepted:
			r.Lost++
			if len(r.Losses) < mostExamples {
				r.Losses = append(r.Losses, fmt.Sprintf("%s in %s did not get %s, number %d, accepted at %s; its connections: %s",
					p.name, p.channel, entry.mid, from+i, entry.at.Format(clock), p.trip.String()))
			}
		}
	}
	r.OutOfOrder += e.wrong
	r.Crossed += e.crossed
	for cause, n := range e.causes {
		r.Gaps[cause] += n
	}
}

func (r *Report) addTrip(p *person, before client.Stats) []arrival {
	after := p.client.Stats()
	if after.Breaks > before.Breaks && len(r.Broken) < mostExamples && !p.vanished() {
		r.Broken = append(r.Broken, p.name+": "+p.trip.String())
	}
	p.trip.mu.Lock()
	defer p.trip.mu.Unlock()
	if !p.vanished() {
		r.Breaks += int(after.Breaks - before.Breaks)
		r.Refused += int(after.Failures - before.Failures)
	}
	r.Moves += int(after.Moves - before.Moves)
	r.ByMID += int(after.Duplicates - before.Duplicates)
	for _, outage := range p.trip.outages {
		r.LongestOutage = max(r.LongestOutage, outage)
	}
	return p.trip.arrivals
}

func (r *Report) addPeaks(arrivals []arrival) {
	slices.SortFunc(arrivals, func(a, b arrival) int { return a.at.Compare(b.at) })
	var all []time.Time
	each := map[string][]time.Time{}
	for _, a := range arrivals {
		all = append(all, a.at)
		each[a.gateway] = append(each[a.gateway], a.at)
	}
	r.PeakPerSecond = peak(all)
	for _, times := range each {
		r.PeakPerGateway = max(r.PeakPerGateway, peak(times))
	}
}
