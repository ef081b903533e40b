package front

import "sync"

// A backend is one gateway and the number of connections that go through this front to it.
type backend struct {
	address string
	ready   bool
	active  int
}

// A pool chooses backends. Its methods are safe for concurrent use.
type pool struct {
	mu       sync.Mutex
	backends []*backend
	next     int
}

// set adds the backend or changes its readiness.
func (p *pool) set(address string, ready bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.backends {
		if b.address == address {
			b.ready = ready
			return
		}
	}
	p.backends = append(p.backends, &backend{address: address, ready: ready})
}

// remove forgets the backend: for one that will not come back at this address.
func (p *pool) remove(address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, b := range p.backends {
		if b.address == address {
			p.backends = append(p.backends[:i:i], p.backends[i+1:]...)
			return
		}
	}
}

// acquire returns the ready backend with the fewest connections that is not in tried, and counts one more; nil if there is none.
// Among equals it goes round. Give it back with release.
func (p *pool) acquire(tried map[*backend]bool) *backend {
	p.mu.Lock()
	defer p.mu.Unlock()
	var best *backend
	bestIndex := 0
	for i := range p.backends {
		index := (p.next + i) % len(p.backends)
		b := p.backends[index]
		if b.ready && !tried[b] && (best == nil || b.active < best.active) {
			best, bestIndex = b, index
		}
	}
	if best != nil {
		best.active++
		p.next = bestIndex + 1
	}
	return best
}

func (p *pool) release(b *backend) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b.active--
}
