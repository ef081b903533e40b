package crowd

import (
	"context"
	"log/slog"
	"time"
)

// journal keeps what a client logs of its connections, for the report.
type journal struct{ trip *trip }

func (j journal) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }
func (j journal) WithAttrs([]slog.Attr) slog.Handler               { return j }
func (j journal) WithGroup(string) slog.Handler                    { return j }

// Handle notes one record.
func (j journal) Handle(_ context.Context, r slog.Record) error {
	text := time.Now().Format(clock) + " " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	j.trip.mu.Lock()
	defer j.trip.mu.Unlock()
	j.trip.reasons = append(j.trip.reasons, text)
	return nil
}
