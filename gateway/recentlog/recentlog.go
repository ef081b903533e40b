// Package recentlog keeps the latest warnings and errors of a log, for people to look at without the log itself.
//
// # What it promises
//
//   - It changes nothing about the log: what the handler behind it takes, it gets.
//   - It keeps what the log says and no more: what must not be in a log must not be logged. Long texts are cut.
//   - It is bounded: the latest entries, and one for the same message again and again.
package recentlog

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/starling-realtime/starling/gateway/clip"
	"github.com/starling-realtime/starling/gateway/overview"
)

const (
	// size is how many entries are kept.
	size = 100
	// maxText bounds a message, and the detail of an entry, in bytes.
	maxText = 400
)

// A Ring holds the latest entries. The zero value is empty; it is safe for concurrent use.
type Ring struct {
	mu      sync.Mutex
	entries []overview.Entry // the newest last
}

// Latest returns at most limit entries, the newest first.
func (r *Ring) Latest(limit int) []overview.Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []overview.Entry
	for i := len(r.entries) - 1; i >= 0 && len(out) < limit; i-- {
		out = append(out, r.entries[i])
	}
	return out
}

// add keeps an entry. The same message and detail as the newest one's only counts.
func (r *Ring) add(e overview.Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.entries); n > 0 {
		last := &r.entries[n-1]
		if last.Message == e.Message && last.Detail == e.Detail && last.Level == e.Level {
			last.Count++
			last.At = e.At
			return
		}
	}
	if len(r.entries) == size {
		copy(r.entries, r.entries[1:])
		r.entries = r.entries[:size-1]
	}
	r.entries = append(r.entries, e)
}

// Handler returns a handler that gives everything to next, and keeps what is a warning or worse.
func (r *Ring) Handler(next slog.Handler) slog.Handler { return &handler{ring: r, next: next} }

// A handler is a [slog.Handler]. Its prefix is what WithAttrs and WithGroup have gathered.
type handler struct {
	ring   *Ring
	next   slog.Handler
	attrs  string
	groups string
}

// Enabled implements [slog.Handler].
func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn || h.next.Enabled(ctx, level)
}

// Handle implements [slog.Handler].
func (h *handler) Handle(ctx context.Context, record slog.Record) error {
	if record.Level >= slog.LevelWarn {
		var detail strings.Builder
		detail.WriteString(h.attrs)
		record.Attrs(func(a slog.Attr) bool {
			write(&detail, h.groups, a)
			return detail.Len() < maxText
		})
		h.ring.add(overview.Entry{
			At: record.Time.UTC(), Level: strings.ToLower(record.Level.String()),
			Message: clip.Text(record.Message, maxText), Detail: clip.Text(strings.TrimSpace(detail.String()), maxText), Count: 1,
		})
	}
	if !h.next.Enabled(ctx, record.Level) {
		return nil
	}
	return h.next.Handle(ctx, record)
}

// WithAttrs implements [slog.Handler].
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var text strings.Builder
	text.WriteString(h.attrs)
	for _, a := range attrs {
		write(&text, h.groups, a)
	}
	return &handler{ring: h.ring, next: h.next.WithAttrs(attrs), attrs: text.String(), groups: h.groups}
}

// WithGroup implements [slog.Handler].
func (h *handler) WithGroup(name string) slog.Handler {
	groups := h.groups
	if name != "" {
		groups += name + "."
	}
	return &handler{ring: h.ring, next: h.next.WithGroup(name), attrs: h.attrs, groups: groups}
}

// write appends an attribute as " name=value". A value of several words is quoted.
func write(out *strings.Builder, groups string, a slog.Attr) {
	value := a.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		for _, inner := range value.Group() {
			write(out, groups+a.Key+".", inner)
		}
		return
	}
	text := value.String()
	if strings.ContainsAny(text, " \"\n\t") {
		text = fmt.Sprintf("%q", text)
	}
	fmt.Fprintf(out, " %s%s=%s", groups, a.Key, text)
}
