package fanout

// flush writes once to a socket from the dirty list, without waiting.
func (sh *shard) flush(s *Socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dirty = false
	if s.owned || s.state == closed || s.half {
		return
	}
	if s.raw == nil {
		s.own()
		return
	}
	buf := s.peek(sh.scratch)
	n, err := 0, error(nil)
	if len(buf) > 0 {
		s.mu.Unlock()
		n, err = sh.attempt.write(s.raw, buf)
		s.mu.Lock()
		if s.state == closed {
			return
		}
		sh.current.writes++
		sh.current.frames += s.wrote(n)
		sh.current.bytes += n
	}
	switch {
	case err != nil:
		s.fail(err)
	case n < len(buf):
		s.refusedSince = sh.pool.now()
		s.own()
	case !s.queue.empty():
		if !s.dirty { // more than one write holds; what came during the write has marked it already
			s.markDirty()
			sh.backlog = true
		}
	default:
		sh.emptied = append(sh.emptied, s.queue.release())
		if s.state == closing {
			s.finish()
		}
	}
}
