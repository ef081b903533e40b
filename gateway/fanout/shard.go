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
	wake chan struct{} // holds a token when woken was set

	// passing is held during a pass: by the shard's goroutine, or by one that writes what it has queued itself (see cork.go).
	// It is taken before a socket's lock.
	passing sync.Mutex

	// queued and refused are the bytes that wait in sockets that the kernel takes from and refuses.
	queued  atomic.Int64
	refused atomic.Int64
	lagging atomic.Bool
	marked  atomic.Int64 // the length of dirty

	mu      sync.Mutex
	dirty   []*Socket // sockets that have something to do, each once
	since   instant   // when the first of them got it
	woken   bool      // the shard's goroutine was told, and has not taken them yet
	sockets list
	free    [][][]byte // slices of emptied queues, so that Enqueue need not allocate
	spare   int        // their capacity together

	// The rest belongs to who holds passing.
	list     []*Socket
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
		pool:     p,
		wake:     make(chan struct{}, 1),
		window:   window{bound: p.opts.MaxWindow},
		scratch:  make([]byte, 0, scratchBytes),
		lastPass: time.Now(),
	}
	sh.attempt.init()
	return sh
}

// push makes the shard look at a socket. The caller holds the socket's lock and has set its dirty flag.
func (sh *shard) push(s *Socket) {
	sh.mu.Lock()
	sh.dirty = append(sh.dirty, s)
	sh.marked.Store(int64(len(sh.dirty)))
	if len(sh.dirty) == 1 {
		sh.since = sh.pool.now()
	}
	wake := !sh.woken && (len(sh.dirty) > inlineSockets || sh.pool.corks.Load() == 0)
	sh.woken = sh.woken || wake
	if n := len(sh.free); n > 0 && s.queue.frames == nil {
		s.queue.frames = sh.free[n-1]
		sh.free[n-1] = nil
		sh.free = sh.free[:n-1]
		sh.spare -= cap(s.queue.frames)
	}
	sh.mu.Unlock()
	if wake {
		sh.ring()
	}
}

// run writes until the pool closes.
func (sh *shard) run() {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	for {
		select {
		case <-sh.wake:
		case <-sh.pool.done:
			return
		}
		sh.passing.Lock()
		idle := time.Since(sh.lastPass)
		if size := sh.window.after(idle); size > 0 && !sh.backlog {
			sh.passing.Unlock()
			timer.Reset(size)
			select {
			case <-timer.C:
			case <-sh.pool.done:
				timer.Stop()
				return
			}
			sh.passing.Lock()
		}
		sh.pass(idle)
		sh.passing.Unlock()
		sh.rouse()
	}
}

// take swaps the dirty list for an empty one, and returns since when something in it waits.
func (sh *shard) take(empty []*Socket) ([]*Socket, instant) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	list := sh.dirty
	sh.dirty = empty[:0]
	sh.marked.Store(0)
	sh.woken = false
	return list, sh.since
}

// pass writes once to every socket that is marked, after a time with nothing to do. The caller holds passing.
func (sh *shard) pass(idle time.Duration) {
	start := time.Now()
	list, since := sh.take(sh.list)
	sh.list = list
	if len(list) == 0 {
		return
	}
	defer clear(list)
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
