package front

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/starling-realtime/starling/gateway/sleep"
)

// DefaultMaxConnections is the most connections at a time, unless [Options] say otherwise. Each takes two file descriptors and
// 16 KiB of buffers here.
const DefaultMaxConnections = 20_000

// dialTimeout bounds connecting to a gateway, which is on the same machine.
const dialTimeout = 2 * time.Second

// Options configure a [Front]. The zero value is usable.
type Options struct {
	// MaxConnections at a time; what is over it is answered with 503. Default: [DefaultMaxConnections].
	MaxConnections int
	// Logger gets refusals. Default: nothing is logged.
	Logger *slog.Logger
}

// A Front accepts connections and copies each to a gateway. All methods are safe for concurrent use.
type Front struct {
	listener net.Listener
	logger   *slog.Logger
	slots    chan struct{}
	pool     pool

	mu     sync.Mutex
	open   map[net.Conn]struct{}
	closed bool
	work   sync.WaitGroup // counts open, so that Close waits for whoever uses the connections

	warnFull, warnUnreachable rate.Sometimes
}

// New returns a front for the listener, which it owns from then on. Call [Front.Serve], and Close in any case.
func New(listener net.Listener, opts Options) *Front {
	if opts.MaxConnections <= 0 {
		opts.MaxConnections = DefaultMaxConnections
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &Front{
		listener: listener,
		logger:   opts.Logger,
		slots:    make(chan struct{}, opts.MaxConnections),
		open:     map[net.Conn]struct{}{},

		warnFull:        rate.Sometimes{Interval: time.Second},
		warnUnreachable: rate.Sometimes{Interval: time.Second},
	}
}

// Set adds the gateway that serves clients at an address, or changes whether it is ready for new ones.
func (f *Front) Set(address string, ready bool) { f.pool.set(address, ready) }

// Remove forgets the gateway at an address. Its connections live on until it ends them.
func (f *Front) Remove(address string) { f.pool.remove(address) }

// Serve accepts connections until ctx ends, then stops listening and returns nil; connections live on until Close. The error is
// that of a listener that failed for another reason.
func (f *Front) Serve(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = f.listener.Close() })
	defer stop()
	pause := time.Duration(0)
	for {
		conn, err := f.listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			// Mostly too many open files: that passes, and accepting again at once would only burn CPU.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			f.logger.Warn("accepting a connection failed, trying again", "error", err, "pause", pause)
			if !sleep.For(ctx, pause) {
				return nil
			}
		default:
			pause = 0
			f.start(ctx, conn)
		}
	}
}

// Close stops listening, ends all connections and returns when nothing of the front runs any more.
func (f *Front) Close() error {
	err := f.listener.Close()
	f.mu.Lock()
	f.closed = true
	for conn := range f.open {
		_ = conn.Close()
	}
	f.mu.Unlock()
	f.work.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("closing the front listener: %w", err)
	}
	return nil
}

// start handles a connection in a goroutine of its own, unless there are too many or the front is closed.
func (f *Front) start(ctx context.Context, conn net.Conn) {
	select {
	case f.slots <- struct{}{}:
	default:
		f.warnFull.Do(func() {
			f.logger.Warn("refused a connection, because the front has as many as it may", "max", cap(f.slots))
		})
		_ = answer(conn, "too many connections\n")
		_ = conn.Close()
		return
	}
	if !f.track(conn) {
		<-f.slots
		return
	}
	go func() {
		defer func() { <-f.slots }()
		defer f.untrack(conn)
		f.handle(ctx, conn)
	}()
}

// handle copies between the client and the best gateway that answers.
func (f *Front) handle(ctx context.Context, client net.Conn) {
	tried := map[*backend]bool{}
	for {
		b := f.pool.acquire(tried)
		if b == nil {
			refuse(client, "no gateway is ready, try again in a moment\n")
			return
		}
		served := f.forward(ctx, client, b)
		f.pool.release(b)
		if served {
			return
		}
		tried[b] = true
	}
}

// forward reports whether the gateway could be reached.
func (f *Front) forward(ctx context.Context, client net.Conn, b *backend) bool {
	dialer := net.Dialer{Timeout: dialTimeout}
	gateway, err := dialer.DialContext(ctx, "tcp", b.address)
	if err != nil {
		f.warnUnreachable.Do(func() {
			f.logger.Warn("a gateway that is ready cannot be reached", "address", b.address, "error", err)
		})
		return false
	}
	if f.track(gateway) {
		defer f.untrack(gateway)
		join(client, gateway)
	}
	return true
}

// track registers a connection to be closed by Close, or closes it now if that is over.
func (f *Front) track(conn net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		_ = conn.Close()
		return false
	}
	f.open[conn] = struct{}{}
	f.work.Add(1)
	return true
}

func (f *Front) untrack(conn net.Conn) {
	_ = conn.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, conn)
	f.work.Done()
}
