package fanout

import "time"

// inlineSockets is how many sockets Uncork writes to at most: 16 writes take about 0.2 ms. More are better spread over the shards,
// which also find more frames a socket by then.
const inlineSockets = 16

// Cork says that the caller is about to queue frames, and will call [Pool.Uncork] when it has. Until then frames for a few
// sockets wake no writer, whoever queues them: nothing between the two may block, except for short locks. Many goroutines may be
// between the two.
func (p *Pool) Cork() { p.corks.Add(1) }

// Uncork ends what [Pool.Cork] has begun. What waits for a few sockets is written by the caller, without waiting for any of them,
// since waking a writer costs more than that. More than a few are left to the writers. Hold no lock that a callback needs.
func (p *Pool) Uncork() {
	p.corks.Add(-1)
	few := p.marked() <= inlineSockets
	for _, sh := range p.shards {
		switch {
		case sh.marked.Load() == 0:
		case few:
			sh.assist()
		default:
			sh.rouse()
		}
	}
}

// marked returns how many sockets have something to do.
func (p *Pool) marked() (sockets int64) {
	for _, sh := range p.shards {
		sockets += sh.marked.Load()
	}
	return sockets
}

// assist makes a pass in place of the shard's goroutine, unless one is under way, which looks again when it is over. A shard that
// waits for more frames does so because that saves writes, so it is left alone.
func (sh *shard) assist() {
	if sh.winSize.Load() == 0 {
		if !sh.passing.TryLock() {
			return
		}
		if sh.marked.Load() <= inlineSockets { // others may have queued much meanwhile
			idle := time.Since(sh.lastPass)
			sh.window.after(idle)
			sh.pass(idle)
		}
		sh.passing.Unlock()
	}
	sh.rouse()
}

// rouse tells the shard's goroutine if there is something to do.
func (sh *shard) rouse() {
	sh.mu.Lock()
	wake := len(sh.dirty) > 0 && !sh.woken
	sh.woken = sh.woken || wake
	sh.mu.Unlock()
	if wake {
		sh.ring()
	}
}

// ring wakes the shard's goroutine. A token that is there already does as well.
func (sh *shard) ring() {
	select {
	case sh.wake <- struct{}{}:
	default:
	}
}
