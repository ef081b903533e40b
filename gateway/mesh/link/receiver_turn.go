package link

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// takeOver makes s the boot's connection: the former one is stopped, and s waits until its handler has returned, so that no
// frame is applied by two connections and none out of order. On success s has the boot's turn and must end.
func (r *Receiver) takeOver(ctx context.Context, s *session, h *hello) error {
	b, err := r.announce(s, h)
	if err != nil {
		return err
	}
	s.sending = b
	if err := s.awaitTurn(ctx, b); err != nil {
		r.depart(s, b)
		return err
	}
	if err := r.chooseStream(s, b, h); err != nil {
		<-b.turn
		r.depart(s, b)
		return err
	}
	return nil
}

// announce makes s the newest session of its boot and stops the former one.
func (r *Receiver) announce(s *session, h *hello) (*sending, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.boots[h.boot]
	if b == nil {
		if len(r.boots) >= r.cfg.MaxPeers {
			return nil, &refusal{ReasonTooMany, codeTooMany, fmt.Errorf("state of %d boots is held, the bound", r.cfg.MaxPeers)}
		}
		b = &sending{boot: h.boot, turn: make(chan struct{}, 1)}
		r.boots[h.boot] = b
	}
	if b.instance == h.instance && h.attempt <= b.attempt {
		return nil, &refusal{ReasonStale, codeStale, errors.New("a newer connection of the same sender came before")}
	}
	b.instance, b.attempt = h.instance, h.attempt
	b.sessions++
	if b.newest != nil {
		b.newest.stop(errReplaced)
	}
	b.newest = s
	return b, nil
}

// awaitTurn waits for the former session to end.
func (s *session) awaitTurn(ctx context.Context, b *sending) error {
	limit := time.NewTimer(s.r.cfg.Timing.Replace)
	defer limit.Stop()
	select {
	case b.turn <- struct{}{}:
		return nil
	case <-limit.C:
		return &refusal{ReasonBusy, codeBusy, fmt.Errorf(
			"a frame of the former connection is still being applied after %s", s.r.cfg.Timing.Replace)}
	case <-s.stopped:
		return &refusal{ReasonStale, codeStale, s.cause}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// chooseStream finds or makes the state of the stream that the hello is about. s has the turn.
func (r *Receiver) chooseStream(s *session, b *sending, h *hello) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b.newest != s {
		return &refusal{ReasonStale, codeStale, errors.New("a newer connection came or the state was thrown away meanwhile")}
	}
	switch {
	case b.state != nil && b.state.id == h.stream && b.state.continues(h):
		s.resumed = true
	case h.fresh:
		s.replaces = b.state != nil
		b.state = &received{id: h.stream}
	default:
		return &refusal{ReasonUnknownStream, codeUnknownStream, errors.New("no state of the stream is held")}
	}
	s.state = b.state
	b.holder, b.peer, b.lastActivity = s, *s.peer, time.Now()
	return nil
}

// depart notes that s, which does not have the turn any more, is gone.
func (r *Receiver) depart(s *session, b *sending) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b.sessions--
	if b.newest == s {
		b.newest = nil
	}
	r.tidy(b)
}
