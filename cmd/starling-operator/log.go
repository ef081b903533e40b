package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
)

const (
	logJSON    = "json"
	logConsole = "console"
)

func environment(name string) string { return os.Getenv(name) }

func parseLevel(text string) (slog.Level, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(text)); err != nil {
		return 0, fmt.Errorf("--log-level is %q, must be debug, info, warn or error", text)
	}
	return level, nil
}

// newLogHandler logs as the config says, which is valid.
func newLogHandler(w io.Writer, c *config) slog.Handler {
	level, err := parseLevel(c.logLevel)
	if err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if c.logFormat == logConsole {
		return slog.NewTextHandler(w, options)
	}
	return slog.NewJSONHandler(w, options)
}
