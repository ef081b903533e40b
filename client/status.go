package client

import "time"

// A State is how a client's connection fares.
type State string

// States of a client.
const (
	// StateConnecting: an attempt to connect begins.
	StateConnecting State = "connecting"
	// StateConnected: there is a connection.
	StateConnected State = "connected"
	// StateMoving: the gateway asked the client to move; the connection still works.
	StateMoving State = "moving"
	// StateWaiting: an attempt failed or the connection broke, and the next attempt comes after RetryIn.
	StateWaiting State = "waiting"
	// StateEnded: the client has stopped, and Err says why.
	StateEnded State = "ended"
)

// A Status is a change of a client's connection.
type Status struct {
	State State
	// Gateway and ConnID name the connection concerned, as the gateway does.
	Gateway, ConnID string
	// Err is what went wrong, in StateWaiting and StateEnded.
	Err error
	// RetryIn is when something will be tried, in StateWaiting and StateMoving.
	RetryIn time.Duration
}

// Stats count what a client went through.
type Stats struct {
	// Connects counts connections that were welcomed.
	Connects int64
	// Moves counts connections that were replaced as their gateway asked.
	Moves int64
	// Breaks counts connections that ended otherwise, before the client closed them.
	Breaks int64
	// Failures counts attempts to connect that failed.
	Failures int64
	// Duplicates counts messages that came on both connections of a move.
	Duplicates int64
	// Dropped counts messages that the program was too slow for.
	Dropped int64
	// Retries counts publishes that were sent again because their answer was lost.
	Retries int64
	// PutOff counts publishes that were sent again because the gateway had refused them for now, as they came too fast.
	PutOff int64
	// BadFrames counts frames that could not be read.
	BadFrames int64
}

// Stats returns the counts so far.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Dropped = c.dropped.Load()
	return s
}

func (c *Client) say(s Status) {
	c.opts.Logger.Debug("connection", "state", s.State, "gateway", s.Gateway, "conn", s.ConnID, "retry_in", s.RetryIn, "error", s.Err)
	if c.statuses != nil {
		c.statuses.push(s)
	}
}

// latest keeps the last status of those that found no room.
type latest struct{ last *Status }

func (l *latest) add(s Status) { l.last = &s }

func (l *latest) take() []Status {
	if l.last == nil {
		return nil
	}
	s := *l.last
	l.last = nil
	return []Status{s}
}
