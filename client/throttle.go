package client

import "time"

const (
	// usualPause is how long to wait when a gateway puts a publish off without saying how long.
	usualPause = time.Second
	// windowGrowth is by how much more may be on its way after each publish that was accepted.
	windowGrowth = 0.1
	// mostOnItsWay is how many publishes wait for their answers at the most, in all channels. A gateway that has a rate refuses what
	// comes behind the first one that was too fast, and ends a connection that goes on for 1,000 of them.
	mostOnItsWay = 256
)

// throttle paces the publishes of all channels once a gateway has refused one for now: a rate may be the connection's, the member's or
// the channel's, and the refusal does not say which. Nothing is sent until the gateway's time is up. Then one publish is on its way at
// a time, or else all that wait would be refused again and again, and with each that is accepted slowly more. The caller of its
// methods holds the client's lock.
type throttle struct {
	onItsWay int
	window   float64 // how many may be on their way
	engaged  bool    // a gateway has refused a publish for now
	until    time.Time
	wake     *timer
}

func newThrottle() throttle { return throttle{window: mostOnItsWay} }

func (t *throttle) open() bool {
	return float64(t.onItsWay+1) <= t.window && !time.Now().Before(t.until)
}

// full says that an answer makes room for what waits in any channel.
func (t *throttle) full() bool { return t.engaged || t.onItsWay >= mostOnItsWay }

// answered is called when a publish was accepted, or refused for good.
func (t *throttle) answered(err error) {
	if err == nil {
		t.window = min(t.window+windowGrowth, mostOnItsWay)
	}
}

// putOff pauses all publishes because a gateway asks for it.
func (c *Client) putOff(pause time.Duration) {
	t := &c.throttle
	if pause == 0 {
		pause = usualPause
	}
	pause = min(pause, retryWindow) // which ends a publish that would have to wait for longer
	t.window, t.engaged = 1, true
	if until := time.Now().Add(pause); until.After(t.until) {
		t.until = until
		t.wake.stop()
		t.wake = c.after(pause, c.pump)
	}
}

// pump sends what waits in all channels, what was published first before what was published later.
func (c *Client) pump() {
	for c.throttle.open() {
		var first *Channel
		for _, ch := range c.channels {
			if ch.target() != nil && len(ch.unsent) > 0 && (first == nil || ch.unsent[0].seq < first.unsent[0].seq) {
				first = ch
			}
		}
		if first == nil {
			return
		}
		first.sendNext(first.target())
	}
}
