package mesh

import (
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	// refusalQuiet is how long the same refusal of the same address is not logged again.
	refusalQuiet = 10 * time.Minute
	// maxRefusals bounds the addresses that are remembered for that.
	maxRefusals = 1024
)

// A refusalLog logs each reason for refusing an address once in a while; a stranger cannot fill the log.
type refusalLog struct {
	logger *slog.Logger

	mu   sync.Mutex
	last map[refusal]time.Time
}

type refusal struct{ reason, address string }

func newRefusalLog(l *slog.Logger) *refusalLog {
	return &refusalLog{logger: l, last: make(map[refusal]time.Time)}
}

// first reports whether the refusal is worth a line.
func (l *refusalLog) first(r refusal, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, ok := l.last[r]; ok && now.Sub(at) < refusalQuiet {
		return false
	}
	if len(l.last) >= maxRefusals {
		clear(l.last)
	}
	l.last[r] = now
	return true
}

// writer returns where memberlist writes its log: refusals are counted and logged once, the rest is for debugging.
func (l *refusalLog) writer(m *metrics) io.Writer { return &memberlistLog{refusals: l, metrics: m} }

type memberlistLog struct {
	refusals *refusalLog
	metrics  *metrics
}

// memberlistRefusals are the words by which memberlist tells of what it refused. It offers nothing better than its log.
var memberlistRefusals = []struct{ words, reason string }{
	{"unacceptable label", "wrong_label"},
	{"label header", "wrong_label"},
	{"cannot decode label", "wrong_label"},
	{"remote state is not encrypted", "plaintext"},
	{"remote state is encrypted", "plaintext"},
	{"could decrypt the message", "bad_key"},
	{"decrypt packet failed", "bad_key"},
	{"unsupported encryption version", "bad_key"},
}

// Write implements [io.Writer] for one line of memberlist's log.
func (w *memberlistLog) Write(b []byte) (int, error) {
	line := strings.TrimSpace(string(b))
	if reason := refusalReason(line); reason != "" {
		w.refuse(reason, line)
	} else {
		w.refusals.logger.Debug("memberlist", "line", line)
	}
	return len(b), nil
}

// refusalReason says why memberlist refused something of a stranger, or "". What it could not send or join itself is on the
// level DEBUG.
func refusalReason(line string) string {
	if strings.HasPrefix(line, "[DEBUG]") {
		return ""
	}
	lower := strings.ToLower(line)
	for _, r := range memberlistRefusals {
		if strings.Contains(lower, r.words) {
			return r.reason
		}
	}
	return ""
}

func (w *memberlistLog) refuse(reason, line string) {
	w.metrics.refused.WithLabelValues("gossip_" + reason).Inc()
	address := ""
	if _, from, ok := strings.Cut(line, "from="); ok {
		if host, _, err := net.SplitHostPort(strings.Fields(from + " ")[0]); err == nil {
			address = host
		}
	}
	if w.refusals.first(refusal{reason, address}, time.Now()) {
		w.refusals.logger.Warn("refusing gossip from a stranger", "reason", reason, "address", address, "detail", line)
	}
}

// absences are the words by which the errors of a join tell that nobody is there, as is usual while gateways come and go.
// Memberlist does not wrap errors.
var absences = []string{"connection refused", "timeout", "no route to host", "unreachable"}

// couldNotResolve says once in a while that a name to join leads nowhere: a wrong one would otherwise look like a slow start.
func (l *refusalLog) couldNotResolve(target string, err error, now time.Time) {
	if l.first(refusal{"resolve", target}, now) {
		l.logger.Warn("a gateway to join cannot be found, trying again for ever", "join", target, "error", err)
	}
}

// couldNotJoin logs why an address could not be joined: once in a while when somebody is there and does not want this gateway.
func (l *refusalLog) couldNotJoin(address string, err error, now time.Time) {
	for _, words := range absences {
		if strings.Contains(err.Error(), words) {
			l.logger.Debug("nobody answers at an address to join", "address", address, "error", err)
			return
		}
	}
	if l.first(refusal{"join", address}, now) {
		l.logger.Warn("a gateway could not be joined, check keys and cluster names", "address", address, "error", err)
	}
}
