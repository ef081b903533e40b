package client

import "time"

// A timer calls a function once, with the client's lock held, unless it is stopped or the client ends first.
type timer struct {
	c     *Client
	timer *time.Timer
}

// after makes a timer. The caller holds the lock, and the client has not ended.
func (c *Client) after(d time.Duration, fn func()) *timer {
	t := &timer{c: c}
	c.timers[t] = struct{}{}
	c.tasks.Add(1)
	t.timer = time.AfterFunc(d, func() {
		defer c.tasks.Done()
		c.mu.Lock()
		defer c.mu.Unlock()
		if _, wanted := c.timers[t]; wanted {
			delete(c.timers, t)
			fn()
		}
	})
	return t
}

// stop ends a timer; nil is none. The caller holds the lock.
func (t *timer) stop() {
	if t == nil {
		return
	}
	delete(t.c.timers, t)
	if t.timer.Stop() {
		t.c.tasks.Done()
	}
}
