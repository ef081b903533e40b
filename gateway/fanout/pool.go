package fanout

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A Pool owns the writer goroutines and the sockets attached to it. Its methods are safe for concurrent use.
type Pool struct {
	opts    Options
	start   time.Time
	shards  []*shard
	next    atomic.Uint32 // the shard of the next socket
	corks   atomic.Int32  // calls of Cork without their Uncork
	lagHigh int64         // a shard's part of LagBytes
	room    room
	metrics *metrics
	buffers sync.Pool // *[]byte for goroutines that catch up

	closing sync.Once
	done    chan struct{}
	wg      sync.WaitGroup // every goroutine and timer of the pool
}

// NewPool starts a pool. The error names the option that is impossible. Call Close when it is no longer needed.
func NewPool(opts Options) (*Pool, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	p := &Pool{
		opts:    opts,
		start:   time.Now(),
		lagHigh: int64(max(1, opts.LagBytes/opts.Shards)),
		done:    make(chan struct{}),
	}
	p.metrics = newMetrics(p)
	for range opts.Shards {
		p.shards = append(p.shards, newShard(p))
	}
	for _, sh := range p.shards {
		p.wg.Go(sh.run)
	}
	return p, nil
}

// Attach gives the write side of conn to the pool: from now on nobody else may write to it or set its write deadline.
// conn is a *net.TCPConn, a *[GuardedConn] around one, or anything else, which then gets a blocking writer. The
// error is [ErrClosed], or says which socket option the system refused; conn is still the caller's then.
func (p *Pool) Attach(conn net.Conn, opts SocketOptions) (*Socket, error) {
	if g, ok := conn.(*GuardedConn); ok {
		conn = g.Conn
	}
	if tcp := UnwrapTCP(conn); tcp != nil {
		if err := tune(tcp, p.opts); err != nil {
			return nil, fmt.Errorf("attaching a socket: %w", err)
		}
	}
	if err := conn.SetWriteDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("attaching a socket: clearing its write deadline: %w", err)
	}
	s := &Socket{shard: p.shards[int(p.next.Add(1))%len(p.shards)], conn: conn, opts: opts}
	if tcp, ok := conn.(*net.TCPConn); ok && canTryWrite {
		raw, err := tcp.SyscallConn()
		if err != nil {
			return nil, fmt.Errorf("attaching a socket: %w", err)
		}
		s.raw = raw
	}
	if !s.shard.adopt(s) {
		return nil, fmt.Errorf("attaching a socket: %w", ErrClosed)
	}
	return s, nil
}

// Lagging reports that the server is behind: see [Options.LagBytes]. It costs one atomic load.
func (p *Pool) Lagging() bool { return p.room.lagging() }

// AwaitRoom returns nil at once while the pool is not lagging, and otherwise when it no longer is. It returns the
// context's cause when ctx ends first, and [ErrClosed] when the pool is closed. Never call it with a lock held.
func (p *Pool) AwaitRoom(ctx context.Context) error {
	err := p.room.wait(ctx, p.done)
	if err != nil && !errors.Is(err, ErrClosed) {
		return fmt.Errorf("waiting for queues to shrink: %w", err)
	}
	return err
}

// Collector returns the pool's metrics, starling_fanout_*, for the caller to register.
func (p *Pool) Collector() prometheus.Collector { return p.metrics }

// Close aborts every socket with [ReasonPoolClosed] and returns when the last goroutine and callback has ended. To
// close gracefully, call [Socket.CloseWith] on each socket and wait for their OnClosed first. Never call it from a
// callback.
func (p *Pool) Close() {
	p.closing.Do(func() {
		for _, sh := range p.shards {
			for _, s := range sh.retire() {
				s.abort(ReasonPoolClosed)
			}
		}
		close(p.done) // after the aborts: until here the shards keep wg from becoming zero
	})
	p.wg.Wait()
}
