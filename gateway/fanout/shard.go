package fanout

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// scratchBytes bounds one write, unless a single frame is larger.
	scratchBytes = 64 << 10
	// freeFrames bounds what a shard keeps of emptied queues, in frames of 24 bytes each.
	freeFrames = 1 << 16
	// largestFree is the largest queue that is kept; the memory of others is given back.
	largestFree = 1 << 10
)

// A shard is one writer goroutine and the sockets it writes to.
type shard struct {
	pool *Pool
	wake chan struct{} // holds a token when dirty is not empty

	// queued and refused are the bytes that wait in sockets that the kernel takes from and refuses.
	queued  atomic.Int64
	refused atomic.Int64
	lagging atomic.Bool

	mu      sync.Mutex
	dirty   []*Socket // sockets that have something to do, each once
	since   instant   // when the first of them got it
	sockets list
	free    [][][]byte // slices of emptied queues, so that Enqueue need not allocate
	spare   int        // their capacity together

	// The rest belongs to the writer goroutine.
	window   window
	emptied  [][][]byte // to become free
	scratch  []byte
	attempt  attempt
	current  pass
	backlog  bool
	waiting  instant // since when what the pass under way writes has waited
	lastPass time.Time
	winSize  atomic.Int64 // window.size, for metrics
}

func newShard(p *Pool) *shard {
	sh := &shard{
		pool:    p,
		wake:    make(chan struct{}, 1),
		window:  window{bound: p.opts.MaxWindow},
		scratch: make([]byte, 0, scratchBytes),
	}
	sh.attempt.init()
	return sh
}

// push makes the shard look at a socket. The caller holds the socket's lock and has set its dirty flag.
func (sh *shard) push(s *Socket) {
	sh.mu.Lock()
	sh.dirty = append(sh.dirty, s)
	first := len(sh.dirty) == 1
	if first {
		sh.since = sh.pool.now()
	}
	if n := len(sh.free); n > 0 && s.queue.frames == nil {
		s.queue.frames = sh.free[n-1]
		sh.free[n-1] = nil
		sh.free = sh.free[:n-1]
		sh.spare -= cap(s.queue.frames)
	}
	sh.mu.Unlock()
	if first {
		select {
		case sh.wake <- struct{}{}:
		default:
		}
	}
}

// run writes until the pool closes.
func (sh *shard) run() {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	var list []*Socket
	sh.lastPass = time.Now()
	for {
		select {
		case <-sh.wake:
		case <-sh.pool.done:
			return
		}
		idle := time.Since(sh.lastPass)
		if size := sh.window.after(idle); size > 0 && !sh.backlog {
			timer.Reset(size)
			select {
			case <-timer.C:
			case <-sh.pool.done:
				timer.Stop()
				return
			}
		}
		var since instant
		list, since = sh.take(list)
		sh.pass(list, since, idle)
		clear(list)
	}
}

// take swaps the dirty list for an empty one, and returns since when something in it waits.
func (sh *shard) take(empty []*Socket) ([]*Socket, instant) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	list := sh.dirty
	sh.dirty = empty[:0]
	return list, sh.since
}

func (sh *shard) pass(list []*Socket, since instant, idle time.Duration) {
	start := time.Now()
	if sh.backlog { // what the last pass left has waited longer
		since = sh.waiting
	}
	sh.backlog, sh.waiting = false, since
	sh.current = pass{idle: idle}
	for _, s := range list {
		sh.flush(s)
	}
	sh.recycle()
	sh.relax()
	sh.lastPass = time.Now()
	sh.current.busy = sh.lastPass.Sub(start)
	sh.current.waited = sh.pool.instant(sh.lastPass).sub(since)
	sh.window.adapt(sh.current)
	sh.winSize.Store(int64(sh.window.size))
	sh.pool.metrics.pass(sh.current)
}

// recycle keeps the slices of queues that were emptied, up to the bounds.
func (sh *shard) recycle() {
	sh.mu.Lock()
	for i, frames := range sh.emptied {
		sh.emptied[i] = nil
		if c := cap(frames); c > 0 && c <= largestFree && sh.spare+c <= freeFrames {
			sh.free = append(sh.free, frames)
			sh.spare += c
		}
	}
	sh.mu.Unlock()
	sh.emptied = sh.emptied[:0]
}

// add notes that bytes more wait in sockets that the kernel does not refuse.
func (sh *shard) add(bytes int) {
	if sh.queued.Add(int64(bytes)) > sh.pool.lagHigh && sh.lagging.CompareAndSwap(false, true) {
		sh.pool.room.raise()
		sh.relax() // what it is about may have been written meanwhile, and no pass may follow
	}
}

// relax ends the shard's lag when half of the bound is left. It is called whenever queued was lowered.
func (sh *shard) relax() {
	if sh.lagging.Load() && sh.queued.Load() <= sh.pool.lagHigh/2 && sh.lagging.CompareAndSwap(true, false) {
		sh.pool.room.lower()
	}
}
