package recentlog

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/clip"
	"github.com/starling-realtime/starling/gateway/overview"
)

func TestKeepsWarningsAndPassesEverythingOn(t *testing.T) {
	var ring Ring
	var out bytes.Buffer
	logger := slog.New(ring.Handler(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelInfo})))
	logger = logger.With("node", "gw-0").WithGroup("link").With("peer", "gw-1")
	logger.Debug("not logged")
	logger.Info("logged", "n", 1)
	logger.Warn("link broke", "error", "connection refused", slog.Group("at", "port", 7946))
	logger.Error("worse")

	require.Equal(t, 3, strings.Count(out.String(), "\n"))
	require.Contains(t, out.String(), `msg="link broke" node=gw-0 link.peer=gw-1 link.error="connection refused" link.at.port=7946`)
	got := ring.Latest(10)
	require.Len(t, got, 2)
	require.Equal(t, "error", got[0].Level, "the newest first")
	require.Equal(t, "link broke", got[1].Message)
	require.Equal(t, `node=gw-0 link.peer=gw-1 link.error="connection refused" link.at.port=7946`, got[1].Detail)
	require.Equal(t, "warn", got[1].Level)
	require.False(t, got[1].At.IsZero())
	require.Len(t, ring.Latest(1), 1)
}

func TestKeepsWarningsThatTheLogLeavesOut(t *testing.T) {
	var ring Ring
	slog.New(ring.Handler(slog.DiscardHandler)).Warn("quiet")
	require.Equal(t, "quiet", ring.Latest(1)[0].Message)
}

func TestIsBounded(t *testing.T) {
	var ring Ring
	logger := slog.New(ring.Handler(slog.DiscardHandler))
	for i := range 2 * size {
		logger.Warn("warning", "n", i)
	}
	got := ring.Latest(10 * size)
	require.Len(t, got, size)
	require.Equal(t, fmt.Sprint("n=", 2*size-1), got[0].Detail)
	require.Equal(t, fmt.Sprint("n=", size), got[size-1].Detail)

	for range 5 {
		logger.Warn("again", "peer", "gw-1")
	}
	logger.Warn("again", "peer", "gw-2")
	got = ring.Latest(3)
	require.Equal(t, []int{1, 5, 1}, []int{got[0].Count, got[1].Count, got[2].Count})

	ring.add(overview.Entry{Message: clip.Text(strings.Repeat("é", maxText), maxText)})
	logger.Warn("long", "detail", strings.Repeat("x", 10*maxText))
	got = ring.Latest(2)
	require.LessOrEqual(t, len(got[1].Message), maxText+len("…"))
	require.True(t, strings.HasSuffix(got[1].Message, "é…"), "cut at a whole character")
	require.LessOrEqual(t, len(got[0].Detail), maxText+len("…"))
}
