package link

import (
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A refusal is why a connection is not served, and what to tell the peer.
type refusal struct {
	reason Reason
	// code is what a peer is told that said hello; codeOK is nothing.
	code code
	err  error
}

func (e *refusal) Error() string { return e.err.Error() }
func (e *refusal) Unwrap() error { return e.err }

const (
	// lingerTime is how long a refused connection is kept open for the peer to read why.
	lingerTime = time.Second
	// lingerBytes bounds what is read meanwhile.
	lingerBytes = 256 << 10
)

// linger waits for the peer to close the connection. Closing it with unread bytes would make the kernel reset it, and what
// was written last, the reason for refusing, would be lost.
func linger(raw net.Conn) {
	_ = raw.SetDeadline(time.Now().Add(lingerTime))
	if half, ok := raw.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(raw, lingerBytes))
}

// A refusalLog logs each reason once in a while for each peer address: strangers must not be able to fill the log.
type refusalLog struct {
	logger *slog.Logger

	mu   sync.Mutex
	seen map[refusalKey]time.Time
	// overall bounds the lines, whatever the addresses are.
	overall *rate.Limiter
}

type refusalKey struct {
	reason Reason
	host   string
}

const (
	refusalLogInterval = 10 * time.Minute
	refusalLogSize     = 4096
)

func newRefusalLog(logger *slog.Logger) *refusalLog {
	return &refusalLog{
		logger: logger, seen: make(map[refusalKey]time.Time), overall: rate.NewLimiter(rate.Every(time.Second), 20),
	}
}

func (l *refusalLog) add(reason Reason, addr net.Addr, err error) {
	host, _, splitErr := net.SplitHostPort(addr.String())
	if splitErr != nil {
		host = addr.String()
	}
	if l.due(refusalKey{reason, host}, time.Now()) {
		l.logger.Warn("link refused or broken off", "reason", string(reason), "address", addr.String(), "error", err)
	}
}

// due reports whether to log, and notes that it is done.
func (l *refusalLog) due(key refusalKey, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if last, ok := l.seen[key]; ok && now.Sub(last) < refusalLogInterval {
		return false
	}
	if !l.overall.AllowN(now, 1) {
		return false
	}
	if len(l.seen) >= refusalLogSize {
		clear(l.seen)
	}
	l.seen[key] = now
	return true
}
