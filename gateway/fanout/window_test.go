package fanout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWindow(t *testing.T) {
	const ms = time.Millisecond
	long := pass{busy: 3 * ms, writes: 1000, frames: 1500}
	for _, tt := range []struct {
		name   string
		start  time.Duration
		passes []pass
		want   time.Duration
	}{
		{"begins at nothing", 0, nil, 0},
		{"a pass that wrote nothing changes nothing", 2 * ms, []pass{{busy: 10 * ms}}, 2 * ms},
		{"long passes with small batches and no pause between open it", 0, []pass{long, long}, smallestWindow},
		{"and double it", 0, []pass{long, long, long, long}, 4 * smallestWindow},
		{"up to the bound", 0, []pass{long, long, long, long, long, long, long, long, long, long, long}, 5 * ms},
		{"a short pass halves it", 4 * ms, []pass{{busy: ms / 2, writes: 10, frames: 10}}, 2 * ms},
		{"large batches halve it", 4 * ms, []pass{{busy: 10 * ms, writes: 10, frames: 160}}, 2 * ms},
		{"under the least it is nothing", smallestWindow, []pass{{busy: ms / 2, writes: 10, frames: 10}}, 0},
		{"low load halves it", 4 * ms, []pass{{idle: 40 * ms, busy: 2 * ms, writes: 10, frames: 100}}, 2 * ms},
		{"one frame for almost every socket halves it", 4 * ms, []pass{long, {busy: 3 * ms, writes: 10, frames: 12}}, 2 * ms},
		{"between the marks it stays", 4 * ms, []pass{long, {busy: 3 * ms, writes: 10, frames: 100}}, 4 * ms},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := window{bound: 5 * ms, size: tt.start}
			for _, p := range tt.passes {
				w.adapt(p)
			}
			require.Equal(t, tt.want, w.size)
		})
	}
}

func TestWindowBeginsAgainAfterAPause(t *testing.T) {
	w := window{bound: time.Second, size: time.Millisecond, load: 1}
	require.Equal(t, time.Millisecond, w.after(longIdle))
	require.Zero(t, w.after(longIdle+1))
	require.Zero(t, w.load)
}

func TestWindowStaysClosedWhereItIsForbidden(t *testing.T) {
	p := newPool(t, Options{MaxWindow: -1})
	w := p.shards[0].window
	for range 10 {
		w.adapt(pass{busy: time.Second, writes: 1000, frames: 1000})
	}
	require.Zero(t, w.size)
}
