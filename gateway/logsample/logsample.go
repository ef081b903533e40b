package logsample

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// window is the time in which lines of a kind are counted together.
	window = time.Second
	// maxKinds bounds the kinds that are told apart at a time.
	maxKinds = 256
)

// Options configure a [Sampler].
type Options struct {
	// PerSecond is how many lines of a kind go through in a second. 0: all.
	PerSecond int
	// OnLeftOut is called for each line that does not, and must not log. Optional.
	OnLeftOut func()
	// Now is the clock. Default: [time.Now].
	Now func() time.Time
}

// A Sampler lets some lines through to a handler. It is safe for concurrent use.
type Sampler struct {
	next slog.Handler
	opts Options

	mu    sync.Mutex
	kinds map[kind]*count
}

// A kind is what lines that are alike have in common.
type kind struct {
	level                       slog.Level
	message, reason, code, peer string
}

// other stands for all kinds that there is no room for.
func other() kind { return kind{message: "lines of other kinds"} }

// A count is of the lines of one kind in one window.
type count struct {
	since           time.Time
	passed, leftOut int
}

// New returns a sampler before a handler.
func New(next slog.Handler, opts Options) *Sampler {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.OnLeftOut == nil {
		opts.OnLeftOut = func() {}
	}
	return &Sampler{next: next, opts: opts, kinds: make(map[kind]*count)}
}

// Handler returns the handler for lines that may come often.
func (s *Sampler) Handler() slog.Handler {
	if s.opts.PerSecond <= 0 {
		return s.next
	}
	return &handler{sampler: s, next: s.next}
}

// Flush says of each kind whose second is over how many lines were left out. Call it about once a second.
func (s *Sampler) Flush() {
	s.flush(func(c *count, now time.Time) bool { return now.Sub(c.since) >= window })
}

// FlushAll does so for all kinds, at the end.
func (s *Sampler) FlushAll() { s.flush(func(*count, time.Time) bool { return true }) }

func (s *Sampler) flush(due func(*count, time.Time) bool) {
	now := s.opts.Now()
	leftOut := make(map[kind]int)
	s.mu.Lock()
	for k, c := range s.kinds {
		if !due(c, now) {
			continue
		}
		delete(s.kinds, k)
		if c.leftOut > 0 {
			leftOut[k] = c.leftOut
		}
	}
	s.mu.Unlock()
	for k, n := range leftOut {
		s.tell(k, n, now)
	}
}

// take counts a line. It says whether the line goes through, and how many of the second before did not.
func (s *Sampler) take(k kind) (k2 kind, pass bool, before int, now time.Time) {
	now = s.opts.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.kinds[k]
	if c == nil && len(s.kinds) >= maxKinds {
		k = other()
		c = s.kinds[k]
	}
	if c == nil {
		c = &count{since: now}
		s.kinds[k] = c
	}
	if now.Sub(c.since) >= window {
		before = c.leftOut
		*c = count{since: now}
	}
	if c.passed < s.opts.PerSecond {
		c.passed++
		return k, true, before, now
	}
	c.leftOut++
	return k, false, before, now
}

// tell logs what was left out.
func (s *Sampler) tell(k kind, n int, now time.Time) {
	if !s.next.Enabled(context.Background(), k.level) {
		return
	}
	record := slog.NewRecord(now, k.level, "more lines like this were left out", 0)
	record.AddAttrs(slog.String("like", k.message), slog.Int("left_out", n))
	for _, field := range [...]slog.Attr{slog.String("reason", k.reason), slog.String("code", k.code), slog.String("peer", k.peer)} {
		if field.Value.String() != "" {
			record.AddAttrs(field)
		}
	}
	_ = s.next.Handle(context.Background(), record) // as of every line: nobody could be told
}
