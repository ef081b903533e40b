package crowd

import (
	"context"
	"fmt"
)

// quiet pauses the publishers and waits until everybody has what was accepted since a mark.
func (c *Crowd) quiet(ctx context.Context, m *Mark) error {
	c.pause(true)
	return await(ctx, func() error { return c.owed(m) })
}

func (c *Crowd) pause(hold bool) {
	for _, p := range c.people {
		p.book.pause(hold)
	}
}

// owed says what has not come yet. Without a mark only the last number of each channel counts.
func (c *Crowd) owed(m *Mark) error {
	missing := 0
	for _, p := range c.people {
		from := max(p.book.len()-1, 0)
		if m != nil {
			from = m.from[p.book]
		}
		entries, open := p.book.page(from)
		if open > 0 {
			return fmt.Errorf("a publish in %s has no answer yet", p.channel)
		}
		if p.publishes || p.vanished() {
			continue
		}
		missing += p.ear.lacks(entries, from)
	}
	if missing > 0 {
		return fmt.Errorf("%d messages have not come", missing)
	}
	return nil
}

// lacks counts the accepted entries that were not heard, and that no gap told of.
func (e *ear) lacks(entries []entry, from int) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for i, entry := range entries {
		if entry.accepted && e.heard[from+i] == 0 && !e.warned(entry.at) {
			n++
		}
	}
	return n
}
