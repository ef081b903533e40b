package gateway

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestReadinessIsReachedOnceInStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := readiness{waiting: func() string { return "" }}
		ready := make(chan struct{})
		go r.await(t.Context(), ready, slog.New(slog.DiscardHandler), func() { t.Error("in time, so it is not late") })
		synctest.Wait()
		ok, reason := r.state()
		require.False(t, ok)
		require.Equal(t, "starting", reason)
		time.Sleep(readyFallback - time.Second)
		close(ready)
		synctest.Wait()
		ok, _ = r.state()
		require.True(t, ok)
		r.draining.Store(true)
		ok, reason = r.state()
		require.False(t, ok)
		require.Equal(t, "draining", reason)
	})
}

func TestReadinessFallsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := readiness{waiting: func() string { return "gw-1 is not in step" }}
		late := 0
		go r.await(t.Context(), nil, slog.New(slog.DiscardHandler), func() { late++ })
		time.Sleep(readyFallback - time.Millisecond)
		synctest.Wait()
		_, reason := r.state()
		require.Equal(t, "gw-1 is not in step", reason)
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		ok, _ := r.state()
		require.True(t, ok)
		require.Equal(t, 1, late)
	})
}

// While mesh keys are being replaced, a gateway that cannot reach the others yet waits until their files are up to date, but
// not for ever.
func TestReadinessWaitsForKeys(t *testing.T) {
	for _, solved := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var differ atomic.Bool
			differ.Store(true)
			r := readiness{waiting: func() string { return "keys" }, keysDiffer: differ.Load}
			late := 0
			go r.await(t.Context(), nil, slog.New(slog.DiscardHandler), func() { late++ })
			time.Sleep(keysFallback - time.Minute)
			synctest.Wait()
			ok, _ := r.state()
			require.False(t, ok)
			if solved {
				differ.Store(false)
				time.Sleep(2 * time.Second)
			} else {
				time.Sleep(time.Minute + time.Second)
			}
			synctest.Wait()
			ok, _ = r.state()
			require.True(t, ok)
			require.Equal(t, 1, late)
		})
	}
}

func TestReadinessIsNotReachedByClosing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := readiness{waiting: func() string { return "" }}
	r.await(ctx, nil, slog.New(slog.DiscardHandler), func() { t.Error("late") })
	require.False(t, r.reached.Load())
}

func TestChannelSetIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s channelSet
		want := map[string]bool{}
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			name := fmt.Sprintf("r%d", rapid.IntRange(0, 2*listLimit).Draw(t, "channel"))
			if rapid.Bool().Draw(t, "add") {
				if !s.has(name) {
					s.add(name)
				}
				want[name] = true
			} else {
				s.remove(name)
				delete(want, name)
			}
			require.Equal(t, len(want), s.len())
			require.Equal(t, want[name], s.has(name))
		}
		for i := range 2 * listLimit {
			require.Equal(t, want[fmt.Sprintf("r%d", i)], s.has(fmt.Sprintf("r%d", i)))
		}
	})
}

func TestRosterHoldsWhoIsIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r roster
		in := map[*session]bool{}
		var order []*session
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			if len(order) == 0 || rapid.Bool().Draw(t, "add") {
				s := &session{}
				r.add(s)
				in[s], order = true, append(order, s)
				continue
			}
			i := rapid.IntRange(0, len(order)-1).Draw(t, "which")
			r.remove(order[i])
			delete(in, order[i])
			order = append(order[:i], order[i+1:]...)
		}
		require.Equal(t, len(in), r.len())
		all := r.all()
		require.Len(t, all, len(in))
		for _, s := range all {
			require.True(t, in[s])
		}
	})
}

func TestIDsAreShortAndDiffer(t *testing.T) {
	var a, b idSource
	a.init(1<<64 - 1)
	b.init(1)
	seen := map[string]bool{}
	for range 1000 {
		for _, id := range []string{a.next(), b.next()} {
			require.False(t, seen[id])
			require.Less(t, len(id), 20)
			seen[id] = true
		}
	}
}

func TestEveryLimitIsInTheProtocolPage(t *testing.T) {
	page, err := os.ReadFile("../docs/protocol.md")
	require.NoError(t, err)
	for flag := range new(Limits).byFlag() {
		require.Contains(t, string(page), "`--"+flag+"`")
	}
}

func TestDevelopmentKeysChangeNothingOnANetwork(t *testing.T) {
	for _, tc := range []struct {
		file, admin string
		want        bool
	}{
		{"", ":9090", false},
		{"", "0.0.0.0:9090", false},
		{"", "127.0.0.1:9090", true},
		{"", "[::1]:9090", true},
		{"mesh.key", ":9090", true},
	} {
		require.Equal(t, tc.want, mayChange(Config{MeshKeyFile: tc.file, AdminListen: tc.admin}), "%+v", tc)
	}
}

func TestTooFewFilesAreWarnedOf(t *testing.T) {
	for files, want := range map[uint64]bool{0: false, 1024: true, 20_000: true, 20_000 + ownFiles: false} {
		var log bytes.Buffer
		warnOfFiles(slog.New(slog.NewTextHandler(&log, nil)), Limits{Connections: 20_000}, files)
		require.Equal(t, want, strings.Contains(log.String(), "ulimit -n"), "%d", files)
	}
}

// A buffer that has grown is not given to the next message, whose first byte would hold it without being counted.
func TestLargeBuffersAreNotKept(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Anonymous = true
	g, err := New(cfg, Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, g.Close(context.Background())) }()
	cut := io.MultiReader(strings.NewReader(strings.Repeat("x", 30<<10)), iotest.ErrReader(io.ErrUnexpectedEOF))
	_, err = (&session{g: g}).message(websocket.TextMessage, cut)
	require.Error(t, err)
	require.Zero(t, g.unfinished.Load())
	require.LessOrEqual(t, g.buffers.Get().(*bytes.Buffer).Cap(), 2*freeBytes)
}
