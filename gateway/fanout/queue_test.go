package fanout

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A queue hands out the same bytes as a plain buffer would, whatever is taken and trimmed in between.
func TestQueueEqualsItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		var model [][]byte // frames not yet written whole
		off, next := 0, byte(0)
		scratch := make([]byte, 0, rapid.IntRange(1, 64).Draw(t, "scratch"))
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				frame := make([]byte, rapid.IntRange(1, 40).Draw(t, "size"))
				for i := range frame {
					frame[i] = next
					next++
				}
				q.push(frame)
				model = append(model, frame)
			},
			"write": func(t *rapid.T) {
				buf := q.peek(scratch)
				all := bytes.Join(model, nil)[min(off, len(bytes.Join(model, nil))):]
				require.True(t, bytes.HasPrefix(all, buf))
				require.Equal(t, len(all) == 0, len(buf) == 0)
				if len(model) > 0 && len(buf) > cap(scratch) {
					require.Len(t, buf, len(model[0])-off, "only a single frame may be larger")
				}
				n := rapid.IntRange(0, len(buf)).Draw(t, "taken")
				done := 0
				for off += n; len(model) > 0 && off >= len(model[0]); model = model[1:] {
					off -= len(model[0])
					done++
				}
				require.Equal(t, done, q.advance(n))
			},
			"trim": func(t *rapid.T) {
				keep := 0
				if off > 0 {
					keep = 1
				}
				frames, size := q.trim()
				require.Equal(t, len(model)-keep, frames)
				require.Equal(t, len(bytes.Join(model[keep:], nil)), size)
				model = model[:keep]
			},
			"": func(t *rapid.T) {
				require.Equal(t, len(model), q.len())
				require.Equal(t, len(bytes.Join(model, nil))-off, q.bytes)
				for _, f := range q.frames[:q.head] {
					require.Nil(t, f, "written frames are let go")
				}
				require.LessOrEqual(t, q.head, max(1, len(q.frames)/2))
			},
		})
	})
}
