package fanout

// A list links sockets through themselves, so that a pool can find them all without a map entry each.
type list struct {
	first  *Socket
	len    int
	closed bool // nothing may be added any more
}

func (l *list) add(s *Socket) {
	s.next = l.first
	if s.next != nil {
		s.next.prev = s
	}
	l.first = s
	l.len++
}

func (l *list) remove(s *Socket) {
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		l.first = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	}
	s.prev, s.next = nil, nil
	l.len--
}

// adopt takes a socket in, unless the pool is closed.
func (sh *shard) adopt(s *Socket) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.sockets.closed {
		return false
	}
	sh.sockets.add(s)
	return true
}

func (sh *shard) disown(s *Socket) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.sockets.remove(s)
}

// retire lets no more sockets in and returns those that are there.
func (sh *shard) retire() []*Socket {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.sockets.closed = true
	all := make([]*Socket, 0, sh.sockets.len)
	for s := sh.sockets.first; s != nil; s = s.next {
		all = append(all, s)
	}
	return all
}

func (sh *shard) count() int {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.sockets.len
}
