package logsample_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/logsample"
)

// plain leaves out the time.
func plain(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

func sampled(perSecond int, leftOut *int) (*logsample.Sampler, *slog.Logger, *bytes.Buffer) {
	var out bytes.Buffer
	s := logsample.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: plain}), logsample.Options{
		PerSecond: perSecond, OnLeftOut: func() { *leftOut++ },
	})
	return s, slog.New(s.Handler()), &out
}

func lines(out *bytes.Buffer) []string {
	text := strings.TrimSpace(out.String())
	out.Reset()
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func TestOfLinesThatAreAlikeTheFirstGoThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var leftOut int
		s, logger, out := sampled(2, &leftOut)
		for i := range 5 {
			logger.Info("refused", "reason", "full", "n", i)
		}
		require.Equal(t, []string{"level=INFO msg=refused reason=full n=0", "level=INFO msg=refused reason=full n=1"}, lines(out))
		require.Equal(t, 3, leftOut)

		s.Flush()
		require.Empty(t, lines(out), "the second is not over")
		time.Sleep(time.Second)
		s.Flush()
		require.Equal(t, []string{`level=INFO msg="more lines like this were left out" like=refused left_out=3 reason=full`}, lines(out))
		s.Flush()
		require.Empty(t, lines(out), "it is said once")
	})
}

func TestTheNextLineOfAKindSaysWhatWasLeftOutBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var leftOut int
		_, logger, out := sampled(1, &leftOut)
		logger.Info("refused")
		logger.Info("refused")
		time.Sleep(time.Second)
		logger.Info("refused", "n", 3)
		require.Equal(t, []string{
			"level=INFO msg=refused",
			`level=INFO msg="more lines like this were left out" like=refused left_out=1`,
			"level=INFO msg=refused n=3",
		}, lines(out))
	})
}

func TestACauseDoesNotHideAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var leftOut int
		_, logger, out := sampled(1, &leftOut)
		for range 2 {
			logger.Info("refused", "reason", "full")
			logger.Info("refused", "reason", "credentials")
			logger.Warn("refused", "reason", "full")
			logger.Info("refused", "code", "forbidden")
			logger.With("cluster", "a").Info("link is down", "peer", "gw-1")
			logger.Info("link is down", "peer", "gw-2")
		}
		require.Len(t, lines(out), 6)
		require.Equal(t, 6, leftOut)
	})
}

func TestKindsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var leftOut int
		s, logger, out := sampled(1, &leftOut)
		const many = 10_000
		for i := range many {
			logger.Info("refused", "reason", fmt.Sprintf("number %d", i))
		}
		got := lines(out)
		require.Len(t, got, 257, "256 kinds of their own and one for the others")
		require.Equal(t, many-257, leftOut)
		s.FlushAll()
		require.Equal(t, []string{fmt.Sprintf(
			`level=INFO msg="more lines like this were left out" like="lines of other kinds" left_out=%d`, many-257)}, lines(out))
		logger.Info("refused", "reason", "a new one")
		require.Len(t, lines(out), 1)
	})
}

func TestWithoutABoundEverythingGoesThrough(t *testing.T) {
	var leftOut int
	_, logger, out := sampled(0, &leftOut)
	for range 100 {
		logger.Info("refused")
	}
	require.Len(t, lines(out), 100)
}

func TestNothingIsLostBetweenGoroutines(t *testing.T) {
	var mu sync.Mutex
	passed, told, leftOut := 0, 0, 0
	counting := slog.NewTextHandler(writer(func(line string) {
		mu.Lock()
		defer mu.Unlock()
		var n int
		if _, after, ok := strings.Cut(line, "left_out="); ok {
			_, _ = fmt.Sscan(after, &n)
			told += n
		} else {
			passed++
		}
	}), nil)
	s := logsample.New(counting, logsample.Options{PerSecond: 10, OnLeftOut: func() {
		mu.Lock()
		defer mu.Unlock()
		leftOut++
	}})
	logger := slog.New(s.Handler())
	const writers, each = 8, 500
	var running sync.WaitGroup
	for range writers {
		running.Go(func() {
			for range each {
				logger.Info("refused")
			}
		})
	}
	running.Go(s.Flush)
	running.Wait()
	s.FlushAll()
	require.Equal(t, writers*each, passed+leftOut)
	require.Equal(t, leftOut, told)
}

type writer func(line string)

func (w writer) Write(p []byte) (int, error) {
	w(string(p))
	return len(p), nil
}
