package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gorilla/websocket"
)

// mostAfter and mostOverlap bound what a gateway may ask for when it wants the client to move.
const (
	mostAfter   = 10 * time.Minute
	mostOverlap = 30 * time.Second
)

// errStopped is why run ends when the client is closed.
var errStopped = errors.New("stopped")

// run keeps the client connected until it is closed or cannot be.
func (c *Client) run() {
	retry := newRetrier(c.opts.Backoff)
	for {
		cn, err := c.establish(retry)
		if err == nil && c.adopt(cn) {
			err = c.attend(cn, retry)
		}
		switch {
		case c.ctx.Err() != nil:
			return
		case err != nil:
			c.stop(err)
			return
		}
	}
}

// establish connects, however many attempts it takes. An error is for good.
func (c *Client) establish(retry *retrier) (*conn, error) {
	for {
		c.say(Status{State: StateConnecting})
		cn, err := c.dial(c.ctx)
		if err == nil {
			return cn, nil
		}
		c.mu.Lock()
		c.stats.Failures++
		c.mu.Unlock()
		if err := c.wait(err, retry, Status{}); err != nil {
			return nil, err
		}
	}
}

// wait judges an error of a connection and waits until it is time to try again. The error it returns is for good.
func (c *Client) wait(err error, retry *retrier, s Status) error {
	v := judge(err, c.opts.TokenFunc != nil)
	c.mu.Lock()
	c.lastErr = err
	renewed := c.renewed
	if v.newToken {
		c.token, c.renewed = "", true
	}
	c.mu.Unlock()
	if c.ctx.Err() != nil {
		return errStopped
	}
	if v.fatal != "" {
		return fmt.Errorf("connecting to %s: %w (%s)", c.host(), err, v.fatal)
	}
	s.State, s.Err = StateWaiting, err
	if v.newToken && !renewed && v.after == 0 {
		c.say(s) // an old token has expired, which is nobody's trouble: go on at once with a new one
		return nil
	}
	s.RetryIn = retry.next(v.after)
	c.opts.Logger.Info("no connection", "gateway", s.Gateway, "retry_in", s.RetryIn, "error", err)
	c.say(s)
	return c.sleep(s.RetryIn, nil)
}

// sleep waits for d or until the channel is closed; it fails when the client is closed.
func (c *Client) sleep(d time.Duration, early <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-early:
	case <-c.ctx.Done():
		return errStopped
	}
	return nil
}

// adopt makes a connection the one to use: all channels are joined there, and older ones are let go of once that is done.
func (c *Client) adopt(cn *conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		cn.discard()
		return false
	}
	for _, old := range c.conns {
		c.tasks.Go(func() { c.retire(old, cn) })
	}
	c.conns = append(c.conns, cn)
	c.stats.Connects++
	c.lastErr = nil
	c.direct.connected()
	c.say(Status{State: StateConnected, Gateway: cn.gateway, ConnID: cn.id})
	c.tasks.Go(cn.read)
	c.tasks.Go(cn.write)
	if !cn.expires.IsZero() {
		c.tasks.Go(func() { c.keepRenewed(cn) })
	}
	c.joinAll(cn)
	for a := range c.asks {
		c.submit(a)
	}
	select {
	case <-c.first:
	default:
		close(c.first)
	}
	return true
}

// attend waits until the next connection is due. An error is for good.
func (c *Client) attend(cn *conn, retry *retrier) error {
	select {
	case <-c.ctx.Done():
		return errStopped
	case <-cn.ended:
	case <-cn.asked:
		c.say(Status{State: StateMoving, Gateway: cn.gateway, ConnID: cn.id, RetryIn: cn.moveAfter})
		if err := c.sleep(cn.moveAfter, cn.ended); err != nil {
			return err
		}
	}
	if retry.lived(time.Since(cn.since)) {
		c.mu.Lock()
		c.renewed = false
		c.mu.Unlock()
	}
	select {
	case <-cn.ended:
		return c.wait(cn.err, retry, Status{Gateway: cn.gateway, ConnID: cn.id})
	default:
		return nil // it goes on while the next one is opened
	}
}

// retire closes a connection whose channels have been joined on a newer one, after the overlap. If the newer one ends first, it
// does nothing: what comes after that one will see to it.
func (c *Client) retire(old, next *conn) {
	if !either(c.ctx, next.ready, old, next) {
		return
	}
	timer := time.NewTimer(old.overlap)
	defer timer.Stop()
	if either(c.ctx, timer.C, old, next) {
		old.shut()
	}
}

// either waits for a moment; false: a connection or the client ended before.
func either[T any](ctx context.Context, moment <-chan T, a, b *conn) bool {
	select {
	case <-moment:
		return true
	case <-a.ended:
	case <-b.ended:
	case <-ctx.Done():
	}
	return false
}

// lost is called when a connection is over.
func (c *Client) lost(cn *conn, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.conns, cn); i >= 0 {
		c.conns = slices.Delete(c.conns, i, i+1)
	}
	var closed *CloseError
	if errors.As(err, &closed) {
		closed.RetryAfter = cn.after
	}
	switch {
	case cn.leaving && !c.closing:
		c.stats.Moves++
	case !cn.leaving:
		c.stats.Breaks++
		c.opts.Logger.Info("connection lost", "gateway", cn.gateway, "conn", cn.id, "error", err)
	}
	c.direct.lost(len(c.conns) > 0, cn.leaving)
	for _, ch := range c.channels {
		ch.unseat(cn)
	}
	cn.abandon(closed != nil && closed.Code == websocket.CloseMessageTooBig)
	for _, ch := range c.channels {
		ch.pump() // only now: what was lost comes first
	}
	cn.err = err
	close(cn.ended)
}
