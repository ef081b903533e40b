package hub

import "sync"

// A bootIndex is a boot's short number in this hub's tables.
type bootIndex uint32

// localBoot is the number of this hub's own boot.
const localBoot bootIndex = 0

// A bootTable numbers the boots whose entries the hub holds and keeps each one's digest.
type bootTable struct {
	mu      sync.RWMutex
	numbers map[Boot]bootIndex
	// digests has each number's.
	digests []Digest
	free    []bootIndex
}

func (t *bootTable) init() {
	t.numbers = make(map[Boot]bootIndex)
	t.digests = make([]Digest, localBoot+1)
}

// lookup returns a boot's number; false when the hub holds nothing of it.
func (t *bootTable) lookup(b Boot) (bootIndex, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n, ok := t.numbers[b]
	return n, ok
}

// number returns a boot's number, a new one if need be.
func (t *bootTable) number(b Boot) bootIndex {
	if n, ok := t.lookup(b); ok {
		return n
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if n, ok := t.numbers[b]; ok {
		return n
	}
	var n bootIndex
	if k := len(t.free); k > 0 {
		n = t.free[k-1]
		t.free = t.free[:k-1]
	} else {
		n = bootIndex(len(t.digests))
		t.digests = append(t.digests, Digest{})
	}
	t.numbers[b] = n
	return n
}

// forget frees a boot's number. No table may hold it any more, so its digest is that of nothing.
func (t *bootTable) forget(b Boot, n bootIndex) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.numbers, b)
	t.free = append(t.free, n)
}

func (t *bootTable) toggle(n bootIndex, d Delta) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.digests[n] = t.digests[n].Toggle(d)
}

func (t *bootTable) digest(b Boot) Digest {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n, ok := t.numbers[b]
	if !ok {
		return Digest{}
	}
	return t.digests[n]
}
