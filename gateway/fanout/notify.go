package fanout

// Notices are the callbacks that are due. The socket's lock guards them.
type notices struct {
	notifying bool // a goroutine calls back
	slowDue   bool
	closedDue bool
}

// notify sees to it that the callbacks that are due are called. The lock is held, by which a callback itself never is.
func (s *Socket) notify() {
	if !s.notifying {
		s.notifying = true
		s.shard.pool.wg.Go(s.callBack)
	}
}

func (s *Socket) callBack() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.slowDue || s.closedDue {
		slow, reason, err := s.slowDue, s.reason, s.err
		if slow {
			s.slowDue = false
		} else {
			s.closedDue = false
		}
		s.mu.Unlock()
		if slow {
			s.tellSlow(reason)
		} else {
			s.disconnect()
			s.tellClosed(reason, err)
		}
		s.mu.Lock()
	}
	s.notifying = false
}

func (s *Socket) tellSlow(reason Reason) {
	if s.opts.OnSlow != nil {
		s.opts.OnSlow(reason)
	}
}

func (s *Socket) tellClosed(reason Reason, err error) {
	if s.opts.OnClosed != nil {
		s.opts.OnClosed(reason, err)
	}
}

// disconnect closes the connection. What is below TLS is closed first, because TLS would wait to say goodbye, and that
// was said before if there was time.
func (s *Socket) disconnect() {
	if tcp := UnwrapTCP(s.conn); tcp != nil {
		_ = tcp.Close()
	}
	_ = s.conn.Close()
}
