package client

import "context"

// direct hands the program what a backend sends to the member on all its devices ([Options.OnDirect]). The caller of its methods
// holds the client's lock.
type direct struct {
	events *mailbox[Event] // nil: nobody wants them
	missed bool            // there was a connection, and then none
}

func (c *Client) newDirect() direct {
	if c.opts.OnDirect == nil {
		return direct{}
	}
	return direct{events: c.newEvents(c.told, "", func(_ context.Context, e Event) { c.opts.OnDirect(e) })}
}

func (d *direct) emit(e Event) {
	if d.events != nil {
		d.events.push(e)
	}
}

// connected is called for each new connection, before anything is read from it.
func (d *direct) connected() {
	if d.missed {
		d.missed = false
		d.emit(Gap{Cause: GapReconnect})
	}
}

// lost is called when a connection is over. What only that one would have brought is missing, unless it was let go of in good order.
func (d *direct) lost(others, inOrder bool) {
	switch {
	case !others:
		d.missed = true
	case !inOrder:
		d.emit(Gap{Cause: GapReconnect})
	}
}
