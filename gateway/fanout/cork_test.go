package fanout

import (
	"bufio"
	"testing"

	"github.com/stretchr/testify/require"
)

// woken says whether somebody has told a writer to look.
func woken(p *Pool) bool {
	for _, sh := range p.shards {
		sh.mu.Lock()
		told := sh.woken
		sh.mu.Unlock()
		if told {
			return true
		}
	}
	return false
}

func attachedMany(t testing.TB, p *Pool, n int) ([]*Socket, []*bufio.Reader) {
	t.Helper()
	sockets, readers := make([]*Socket, n), make([]*bufio.Reader, n)
	for i := range sockets {
		s, _, client := attached(t, p)
		sockets[i], readers[i] = s, bufio.NewReader(client)
	}
	return sockets, readers
}

func requireFrame(t testing.TB, r *bufio.Reader, want []byte) {
	t.Helper()
	got, err := readFrame(r)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// Frames for a few sockets are with the kernel when Uncork returns, and no writer was woken for them.
func TestUncorkWritesItself(t *testing.T) {
	p := newPool(t, Options{Shards: 2})
	sockets, readers := attachedMany(t, p, inlineSockets)
	p.Cork()
	for _, s := range sockets {
		require.NoError(t, s.Enqueue(text("one")))
		require.NoError(t, s.Enqueue(text("two")))
	}
	require.False(t, woken(p))
	require.Zero(t, metricsOf(t, p)["writes_total"])
	p.Uncork()
	require.False(t, woken(p))
	for i, s := range sockets {
		require.Zero(t, s.QueuedBytes())
		requireFrame(t, readers[i], text("one"))
		requireFrame(t, readers[i], text("two"))
	}
	require.EqualValues(t, inlineSockets, metricsOf(t, p)["writes_total"], "what is queued together is written together")
}

// What others queue meanwhile waits for nobody but the last one to uncork.
func TestUncorkWritesWhatOthersQueued(t *testing.T) {
	p := newPool(t, Options{Shards: 2})
	sockets, readers := attachedMany(t, p, 4)
	p.Cork()
	p.Cork()
	require.NoError(t, sockets[0].Enqueue(text("of the first")))
	p.Uncork()
	requireFrame(t, readers[0], text("of the first"))
	require.NoError(t, sockets[1].Enqueue(text("of a third one, who does not cork")))
	require.False(t, woken(p))
	p.Uncork()
	requireFrame(t, readers[1], text("of a third one, who does not cork"))
	require.NoError(t, sockets[2].Enqueue(text("after")))
	requireFrame(t, readers[2], text("after"))
}

// Many sockets are the writers' work.
func TestUncorkLeavesManyToTheWriters(t *testing.T) {
	p := newPool(t, Options{Shards: 1})
	release := stick(t, p) // so that what the writer is told stays to be seen
	sockets, readers := attachedMany(t, p, inlineSockets+1)
	p.Cork()
	for _, s := range sockets {
		require.NoError(t, s.Enqueue(text("many")))
	}
	require.True(t, woken(p), "they need not wait for the last one")
	p.Uncork()
	release()
	for _, r := range readers {
		requireFrame(t, r, text("many"))
	}
}

// Uncork does not wait for a pass that is under way, and what it leaves is written after it.
func TestUncorkDoesNotWait(t *testing.T) {
	p := newPool(t, Options{Shards: 1})
	release := stick(t, p)
	sockets, readers := attachedMany(t, p, 1)
	p.Cork()
	require.NoError(t, sockets[0].Enqueue(text("left")))
	p.Uncork()
	require.NotZero(t, sockets[0].QueuedBytes())
	release()
	requireFrame(t, readers[0], text("left"))
}

// A writer that waits for more frames, since that saves writes, is not disturbed.
func TestUncorkRespectsTheWindow(t *testing.T) {
	p := newPool(t, Options{Shards: 1})
	sockets, readers := attachedMany(t, p, 1)
	sh := p.shards[0]
	sh.passing.Lock() // so that the writer, once told, does not take what is to be seen
	sh.winSize.Store(1)
	p.Cork()
	require.NoError(t, sockets[0].Enqueue(text("more may come")))
	p.Uncork()
	require.True(t, woken(p))
	require.NotZero(t, sockets[0].QueuedBytes())
	sh.passing.Unlock()
	requireFrame(t, readers[0], text("more may come"))
}

// A socket that the kernel refuses does not keep the caller: it gets a goroutine of its own, as always.
func TestUncorkLeavesASlowSocketBehind(t *testing.T) {
	p := newPool(t, Options{Shards: 1, MaxQueueBytes: 64 << 20, SendBufferBytes: 8 << 10})
	slow, _, _ := attachedNarrow(t, p, 8<<10)
	quick, readers := attachedMany(t, p, 1)
	large := text(string(make([]byte, 4<<20)))
	p.Cork()
	require.NoError(t, slow.Enqueue(large))
	require.NoError(t, quick[0].Enqueue(text("quick")))
	p.Uncork()
	require.Zero(t, quick[0].QueuedBytes())
	requireFrame(t, readers[0], text("quick"))
	_, waiting, behind := slow.Behind()
	require.True(t, behind)
	require.NotZero(t, waiting)
}
