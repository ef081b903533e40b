package crowd

import (
	"slices"
	"time"
)

func (r *Report) addPresence(people []*person, since time.Time) {
	gone := map[string][]string{} // by channel
	for _, p := range people {
		if p.vanished() {
			gone[p.channel] = append(gone[p.channel], p.name)
			r.Departures.Members++
		}
	}
	for _, p := range people {
		if p.vanished() {
			continue
		}
		broke := !p.trip.firstBreak().IsZero()
		p.ear.mu.Lock()
		for member, times := range p.ear.left {
			if !slices.Contains(gone[p.channel], member) {
				r.falseLeaves(len(times), broke)
			}
		}
		for member, n := range p.ear.joined {
			// Who vanished may be seen coming by an observer that came back before.
			if !slices.Contains(gone[p.channel], member) {
				r.falseJoins(n, broke)
			}
		}
		for _, member := range gone[p.channel] {
			r.Departures.add(p.ear.left[member], since)
		}
		p.ear.mu.Unlock()
	}
}

func (r *Report) falseLeaves(n int, broke bool) {
	if broke {
		r.FalseLeavesBroken += n
	} else {
		r.FalseLeaves += n
	}
}

func (r *Report) falseJoins(n int, broke bool) {
	if broke {
		r.FalseJoinsBroken += n
	} else {
		r.FalseJoins += n
	}
}

func (d *Departures) add(times []time.Time, since time.Time) {
	d.Expected++
	switch len(times) {
	case 0:
		d.Missing++
		return
	case 1:
		d.Once++
	default:
		d.Repeated++
	}
	after := times[0].Sub(since)
	if d.First == 0 || after < d.First {
		d.First = after
	}
	d.Last = max(d.Last, after)
}
