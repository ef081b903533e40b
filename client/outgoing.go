package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// mostAttempts bounds how often one publish is sent: more connections than that do not break by accident.
	mostAttempts = 5
	// retryWindow is how long after the first attempt a publish may be sent again: gateways forget its key after 2 minutes.
	retryWindow = 100 * time.Second
	// receiptBytes is about what a publish takes besides its request.
	receiptBytes = 256
)

// outgoing holds a channel's publishes that have no answer, in order. All that are sent are on one connection.
type outgoing struct {
	unsent []*Receipt
	sent   []*Receipt
	sentOn *conn
}

func (r *Receipt) size() int { return receiptBytes + len(r.payload) }

// pump sends what waits, on the newest connection that has joined the channel. What was sent on another one must be answered first,
// or that one be over, so that the order is kept.
func (ch *Channel) pump() {
	var target *conn
	for _, s := range ch.seats {
		if s.joined {
			target = s.conn
		}
	}
	if target == nil || ch.gone != nil || len(ch.sent) > 0 && ch.sentOn != target {
		return
	}
	ch.sentOn = target
	waiting := ch.unsent
	ch.unsent = nil
	for _, r := range waiting {
		ch.send(target, r)
	}
}

func (ch *Channel) send(cn *conn, r *Receipt) {
	const envelope = 64 // type and id
	if cn.maxBytes > 0 && len(r.payload)+envelope > cn.maxBytes {
		r.resolve("", fmt.Errorf("%w: it has about %d bytes, and the gateway takes %d", ErrTooLarge, len(r.payload)+envelope, cn.maxBytes))
		return
	}
	r.attempts++
	if r.attempts == 1 {
		r.sentAt = time.Now()
	} else {
		ch.c.stats.Retries++
	}
	ch.sent = append(ch.sent, r)
	cn.request("publish", r.payload, func(a answer) { ch.publishAnswered(r, a) })
}

func (ch *Channel) publishAnswered(r *Receipt, a answer) {
	if i := slices.Index(ch.sent, r); i >= 0 {
		ch.sent = slices.Delete(ch.sent, i, i+1)
	}
	switch {
	case !errors.Is(a.err, errLost):
		r.resolve(a.body.MID, a.err)
	case ch.gone != nil:
		r.resolve("", fmt.Errorf("%w: %w", ErrUnknownOutcome, ch.gone))
	case !r.keyed, r.orphan, r.attempts >= mostAttempts, time.Since(r.sentAt) > retryWindow:
		r.resolve("", fmt.Errorf("%w: %w", ErrUnknownOutcome, a.err))
	default:
		at, _ := slices.BinarySearchFunc(ch.unsent, r, func(a, b *Receipt) int { return cmp.Compare(a.seq, b.seq) })
		ch.unsent = slices.Insert(ch.unsent, at, r)
		return // once all that were lost are back, the connection's end pumps
	}
	if len(ch.sent) == 0 {
		ch.pump()
	}
}

// resolve ends a publish.
func (r *Receipt) resolve(mid string, err error) {
	if r.resolved {
		return
	}
	r.resolved, r.mid, r.err = true, mid, err
	close(r.done)
	c := r.ch.c
	c.queued -= r.size()
	if c.queued == 0 {
		close(c.idle)
		c.idle = make(chan struct{})
	}
}

// failUnsent ends what was not sent, when the channel ends. The rest is still answered, or lost with its connection.
func (ch *Channel) failUnsent(why error) {
	for _, r := range ch.unsent {
		if r.attempts > 0 {
			why = fmt.Errorf("%w: %w", ErrUnknownOutcome, why)
		}
		r.resolve("", why)
	}
	ch.unsent = nil
}

// takeBack is called when nobody waits for a publish any more, and returns what came of it.
func (ch *Channel) takeBack(r *Receipt, why error) (mid string, err error) {
	ch.c.mu.Lock()
	defer ch.c.mu.Unlock()
	if r.resolved {
		return r.mid, r.err
	}
	if i := slices.Index(ch.unsent, r); i >= 0 && r.attempts == 0 {
		ch.unsent = slices.Delete(ch.unsent, i, i+1)
		r.resolve("", why)
		return "", why
	}
	r.orphan = true // it counts for the queue until it is answered
	return "", fmt.Errorf("%w: %w", ErrUnknownOutcome, why)
}

// Flush waits until every publish has its answer.
func (c *Client) Flush(ctx context.Context) error {
	c.mu.Lock()
	queued, idle := c.queued, c.idle
	c.mu.Unlock()
	if queued == 0 {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-c.done:
		return fmt.Errorf("flushing publishes: %w", c.Err())
	case <-ctx.Done():
		return fmt.Errorf("flushing publishes: %w", context.Cause(ctx))
	}
}
