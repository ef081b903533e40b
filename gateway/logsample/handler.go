package logsample

import (
	"context"
	"log/slog"
)

// A handler is a [slog.Handler] before the sampler's.
type handler struct {
	sampler *Sampler
	next    slog.Handler
}

// Enabled implements [slog.Handler].
func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle implements [slog.Handler].
func (h *handler) Handle(ctx context.Context, record slog.Record) error {
	k, pass, before, now := h.sampler.take(kindOf(record))
	if before > 0 {
		h.sampler.tell(k, before, now)
	}
	if !pass {
		h.sampler.opts.OnLeftOut()
		return nil
	}
	return h.next.Handle(ctx, record)
}

// WithAttrs implements [slog.Handler]. The attributes tell no kinds apart.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{sampler: h.sampler, next: h.next.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{sampler: h.sampler, next: h.next.WithGroup(name)}
}

func kindOf(record slog.Record) kind {
	k := kind{level: record.Level, message: record.Message}
	record.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "reason":
			k.reason = a.Value.String()
		case "code":
			k.code = a.Value.String()
		case "peer":
			k.peer = a.Value.String()
		}
		return true
	})
	return k
}
