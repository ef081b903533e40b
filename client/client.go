package client

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// A Client is a member's connection to a cluster, and stays one. Make it with [Connect] or [New] and end it with [Client.Close].
type Client struct {
	opts  Options
	url   string
	ctx   context.Context // until there is nothing to connect for any more
	end   context.CancelCauseFunc
	told  context.Context // until nobody is told anything any more
	hush  context.CancelFunc
	tasks sync.WaitGroup
	done  chan struct{} // closed when nothing is tried any more
	first chan struct{} // closed when there was a connection

	statuses *mailbox[Status] // nil: nobody wants them
	dropped  atomic.Int64
	keys     string // what the keys of this client's publishes begin with

	mu       sync.Mutex
	err      error // why it has ended
	closing  bool
	conns    []*conn // adopted and not over, oldest first
	channels map[string]*Channel
	seen     recent
	direct   direct
	throttle throttle
	timers   map[*timer]struct{}
	asks     map[*ask]struct{} // that wait for a connection
	lastSeq  uint64            // of channels and publishes
	queued   int               // bytes of publishes without an answer
	idle     chan struct{}     // closed when there are none
	token    string            // the last one that was not refused
	renewed  bool              // a token was refused since a connection was good
	lastErr  error
	stats    Stats
}

// New returns a client that connects in the background. The URL is ws, wss, http or https, and its path "/ws" if it has none.
// The error says what is wrong with the URL or the options.
func New(url string, opts Options) (*Client, error) {
	opts, err := opts.complete()
	if err != nil {
		return nil, fmt.Errorf("client options: %w", err)
	}
	target, err := address(url, opts)
	if err != nil {
		return nil, fmt.Errorf("client URL: %w", err)
	}
	c := &Client{
		opts: opts, url: target, done: make(chan struct{}), first: make(chan struct{}), idle: make(chan struct{}),
		channels: map[string]*Channel{}, seen: newRecent(), throttle: newThrottle(), timers: map[*timer]struct{}{},
		asks: map[*ask]struct{}{}, keys: rand.Text() + "-",
	}
	c.ctx, c.end = context.WithCancelCause(context.Background())
	c.told, c.hush = context.WithCancel(context.Background())
	c.direct = c.newDirect()
	if opts.OnStatus != nil {
		const most = 64
		c.statuses = &mailbox[Status]{
			tasks: &c.tasks, ctx: c.told, most: most, spill: &latest{},
			size: func(Status) int { return 1 }, sink: func(_ context.Context, s Status) { opts.OnStatus(s) },
		}
	}
	c.tasks.Go(c.run)
	return c, nil
}

// Connect is [New], and waits until there is a connection. It goes on trying until ctx ends or something that no retry can heal;
// then the client is closed, and the error says what the last attempt met.
func Connect(ctx context.Context, url string, opts Options) (*Client, error) {
	c, err := New(url, opts)
	if err != nil {
		return nil, err
	}
	if err := c.AwaitConnected(ctx); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// AwaitConnected waits until the client has connected for the first time.
func (c *Client) AwaitConnected(ctx context.Context) error {
	select {
	case <-c.first:
		return nil
	case <-c.done:
		return c.Err()
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lastErr != nil {
		return fmt.Errorf("connecting: %w; the last attempt: %w", context.Cause(ctx), c.lastErr)
	}
	return fmt.Errorf("connecting: %w", context.Cause(ctx))
}

// Done is closed when the client has ended: after Close, or when it cannot connect for a reason that no retry can heal.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err says why the client has ended; nil as long as it has not.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Session is what ties this client's connections.
func (c *Client) Session() string { return c.opts.Session }

// Gateway is the name of the gateway that the client is connected to; empty while there is none. While the client moves it is the
// new one as soon as that has been joined.
func (c *Client) Gateway() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cn := c.newest(); cn != nil {
		return cn.gateway
	}
	return ""
}

// newest is the connection to use; nil: there is none. The caller holds the lock.
func (c *Client) newest() *conn {
	if len(c.conns) == 0 {
		return nil
	}
	return c.conns[len(c.conns)-1]
}

// Close ends the client and returns when nothing of it runs any more, which takes 2 s at most when a gateway does not answer, and as
// long as a callback that is running. It leaves no channel: the member stays present for the gateway's grace. What waits to be
// published fails with [ErrClosed]: see [Client.Flush]. It must not be called in a callback, and may be called again.
func (c *Client) Close() error {
	c.hush()
	c.stop(ErrClosed)
	c.tasks.Wait()
	return nil
}

// stop ends the client for a reason, and tells its channels.
func (c *Client) stop(why error) {
	c.mu.Lock()
	if c.closing {
		c.mu.Unlock()
		return
	}
	c.closing, c.err = true, why
	for t := range c.timers {
		t.stop()
	}
	conns := slices.Clone(c.conns)
	for _, ch := range c.channels {
		ch.end(why)
	}
	clear(c.channels)
	for a := range c.asks {
		a.done <- answer{err: why}
	}
	clear(c.asks)
	c.mu.Unlock()
	for _, cn := range conns {
		cn.shut()
	}
	c.say(Status{State: StateEnded, Err: why})
	c.end(why)
	close(c.done)
}
