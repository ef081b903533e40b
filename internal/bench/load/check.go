package load

// A subscription is what one connection has seen of one stream.
type subscription struct {
	stream uint32
	last   uint32 // the highest sequence number
	seen   uint64 // the last 64 up to it, a bit each, the highest one lowest
}

type verdict uint8

const (
	inOrder verdict = iota
	reordered
	duplicate
)

// take notes a delivery. Numbers that were left out may still come: that is an order broken, not a loss.
func (s *subscription) take(seq uint32) verdict {
	if seq > s.last {
		s.seen = s.seen<<(seq-s.last) | 1
		s.last = seq
		return inOrder
	}
	bit := uint64(1) << (s.last - seq) // none for what is further back: a duplicate, or late beyond belief
	if s.last-seq > 63 || s.seen&bit != 0 {
		return duplicate
	}
	s.seen |= bit
	return reordered
}
