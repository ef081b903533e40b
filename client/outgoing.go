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
	// retryWindow is how long after the first attempt a publish may be sent again: gateways forget its key after 2 minutes, and a
	// program wants to know when its rate is never allowed.
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

// pump sends what waits, as far as the throttle allows it.
func (ch *Channel) pump() {
	if ch.c.throttle.full() {
		ch.c.pump() // another channel's may have waited for longer
		return
	}
	for target := ch.target(); target != nil && len(ch.unsent) > 0 && ch.c.throttle.open(); {
		ch.sendNext(target)
	}
}

// target is where to publish: the newest connection that has joined the channel. What was sent on another one must be answered first,
// or that one be over, so that the order is kept; nil: wait.
func (ch *Channel) target() *conn {
	var target *conn
	for _, s := range ch.seats {
		if s.joined {
			target = s.conn
		}
	}
	if ch.gone != nil || len(ch.sent) > 0 && ch.sentOn != target {
		return nil
	}
	return target
}

func (ch *Channel) sendNext(cn *conn) {
	r := ch.unsent[0]
	ch.unsent[0] = nil // for the garbage collector
	ch.unsent = ch.unsent[1:]
	if r.attempts > 0 && (r.orphan || time.Since(r.sentAt) > retryWindow) {
		ago := time.Since(r.sentAt).Round(time.Second)
		r.resolve("", fmt.Errorf("%w: it was sent %s ago, and to send it again might double it", ErrUnknownOutcome, ago))
		return
	}
	const envelope = 64 // type and id
	if cn.maxBytes > 0 && len(r.payload)+envelope > cn.maxBytes {
		r.resolve("", fmt.Errorf("%w: it has about %d bytes, and the gateway takes %d", ErrTooLarge, len(r.payload)+envelope, cn.maxBytes))
		return
	}
	r.attempts++
	switch {
	case r.attempts > 1:
		ch.c.stats.Retries++
	case r.putOff != nil:
		ch.c.stats.PutOff++
	default:
		r.sentAt = time.Now()
	}
	ch.sentOn = cn
	ch.sent = append(ch.sent, r)
	ch.c.throttle.onItsWay++
	cn.request("publish", r.payload, func(a answer) { ch.publishAnswered(r, a) })
}

func (ch *Channel) publishAnswered(r *Receipt, a answer) {
	if i := slices.Index(ch.sent, r); i >= 0 {
		ch.sent = slices.Delete(ch.sent, i, i+1)
	}
	wasFull := ch.c.throttle.full()
	ch.c.throttle.onItsWay--
	var refused *Error
	switch {
	case errors.Is(a.err, errLost):
		if ch.lost(r, a.err) {
			return // once all that were lost are back, the connection's end pumps
		}
	case errors.As(a.err, &refused) && refused.temporary():
		ch.refused(r, refused)
	default:
		ch.c.throttle.answered(a.err)
		r.resolve(a.body.MID, a.err)
	}
	switch {
	case wasFull, ch.c.throttle.engaged:
		ch.c.pump()
	case len(ch.sent) == 0:
		ch.pump()
	}
}

// lost is called when nobody knows what came of a publish; it reports whether it will be sent again.
func (ch *Channel) lost(r *Receipt, err error) bool {
	switch {
	case ch.gone != nil:
		r.resolve("", fmt.Errorf("%w: %w", ErrUnknownOutcome, ch.gone))
	case !r.keyed, r.orphan, r.attempts >= mostAttempts, time.Since(r.sentAt) > retryWindow:
		r.resolve("", fmt.Errorf("%w: %w", ErrUnknownOutcome, err))
	default:
		ch.requeue(r)
		return true
	}
	return false
}

// refused is called when the gateway does not take a publish now. It has not happened, unless it did in an earlier attempt.
func (ch *Channel) refused(r *Receipt, refused *Error) {
	r.attempts--
	r.putOff = refused
	if ch.gone == nil {
		ch.c.putOff(refused.RetryAfter)
	}
	switch {
	case ch.gone == nil && !r.orphan && time.Since(r.sentAt)+refused.RetryAfter < retryWindow:
		ch.requeue(r)
	case r.attempts > 0:
		r.resolve("", fmt.Errorf("%w: %w", ErrUnknownOutcome, refused))
	default:
		r.resolve("", refused)
	}
}

// requeue lets a publish wait again, before those that were published later.
func (ch *Channel) requeue(r *Receipt) {
	at, _ := slices.BinarySearchFunc(ch.unsent, r, func(a, b *Receipt) int { return cmp.Compare(a.seq, b.seq) })
	ch.unsent = slices.Insert(ch.unsent, at, r)
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
		err := why
		if r.attempts > 0 {
			err = fmt.Errorf("%w: %w", ErrUnknownOutcome, why)
		}
		r.resolve("", err)
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
		if r.putOff != nil {
			why = fmt.Errorf("%w; %w", why, r.putOff)
		}
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
