package link

import (
	"context"
	"fmt"
)

// Enqueue queues a frame and returns its sequence number in the current stream. It never blocks. The body is kept and must
// not be modified; several senders may share it. Errors: [ErrOverBudget], [ErrTooLarge], [ErrReset], [ErrClosed], and one
// for a kind that belongs to the link.
func (s *Sender) Enqueue(class Class, kind Kind, body []byte) (seq uint64, err error) {
	return s.enqueue(class, kind, body, false)
}

// EnqueueForced is Enqueue without a budget and without [ErrReset], for snapshots, which the caller paces by OnAck, and
// for goodbyes. What it queues counts for the budget of Enqueue.
func (s *Sender) EnqueueForced(class Class, kind Kind, body []byte) (seq uint64, err error) {
	return s.enqueue(class, kind, body, true)
}

func (s *Sender) enqueue(class Class, kind Kind, body []byte, forced bool) (uint64, error) {
	if class >= numClasses || kind.isReserved() {
		return 0, fmt.Errorf("frame of class %d and kind %s: want class 0 or 1 and a kind from %s", class, kind, FirstKind)
	}
	if len(body) > s.cfg.MaxFrame {
		return 0, fmt.Errorf("%w: %d bytes, want at most %d", ErrTooLarge, len(body), s.cfg.MaxFrame)
	}
	e := entry{body: body, kind: kind, class: class}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &s.stream
	switch {
	case s.stopped:
		return 0, ErrClosed
	case forced:
	case s.resetting:
		return 0, ErrReset
	case t.used[class]+e.cost() > s.budgets[class]:
		return 0, ErrOverBudget
	}
	t.ring.push(e)
	t.used[class] += e.cost()
	t.count[class]++
	t.rouse()
	return t.next() - 1, nil
}

// Pending returns how many bytes of a class are queued or not yet acknowledged, as budgets count.
func (s *Sender) Pending(class Class) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if class >= numClasses {
		return 0
	}
	return s.stream.used[class]
}

// Acked returns the last sequence number of the current stream that the receiver has applied; 0 is none.
func (s *Sender) Acked() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stream.first - 1
}

// Flush waits until everything that was queued before the call is applied by the receiver. It returns [ErrReset] when the
// stream ends before, [ErrClosed] or ctx's error.
func (s *Sender) Flush(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, target := s.stream.id, s.stream.next()-1
	for {
		t := &s.stream
		switch {
		case s.stopped:
			return ErrClosed
		case t.id != id:
			return ErrReset
		case t.first > target:
			return nil
		}
		if t.progress == nil {
			t.progress = make(chan struct{})
		}
		if err := s.await(ctx, t.progress); err != nil {
			return fmt.Errorf("waiting for the peer to apply frame %d: %w", target, err)
		}
	}
}

// await gives up the lock while it waits.
func (s *Sender) await(ctx context.Context, progress <-chan struct{}) error {
	s.mu.Unlock()
	defer s.mu.Lock()
	select {
	case <-progress:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
