package localcluster

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// A slot is one of the cluster's gateways, over all its lives.
type slot struct {
	name    string
	cluster *cluster
	logs    *logSink

	mu   sync.Mutex
	at   addresses
	view Gateway
}

// run keeps the gateway alive until ctx ends, and then stops it. The error is that of a gateway that cannot start.
func (s *slot) run(ctx context.Context) error {
	restarts, failures := 0, 0
	for {
		life, err := s.live(ctx)
		if err != nil {
			return err
		}
		if isOver(ctx) {
			return nil
		}
		if failures++; life.wasReady {
			failures = 0
		}
		if restarts++; life.length >= steadyLife {
			restarts = 1
		}
		if failures == maxFailures {
			return s.hopeless(life)
		}
		if err := s.waitForRestart(ctx, life, restarts); err != nil {
			return err
		}
	}
}

// A life is how a gateway's process ended.
type life struct {
	exit     string
	wasReady bool
	length   time.Duration
}

// live runs one process to its end, or until ctx ends and it has been stopped.
func (s *slot) live(ctx context.Context) (life, error) {
	if isOver(ctx) {
		return life{}, nil
	}
	at := s.addresses()
	started := time.Now()
	s.logs.beginLife()
	p, err := s.cluster.start(ctx, s.name, at, s.logs)
	if err != nil {
		return life{}, fmt.Errorf("starting %s: %w", s.name, err)
	}
	s.update(func(g *Gateway) { g.PID, g.State = p.pid(), StateStarting })
	s.cluster.event("%s started, pid %d, at %s", s.name, p.pid(), at.client)

	alive, cancel := context.WithCancel(ctx)
	wasReady := false
	polled := make(chan struct{})
	go func() {
		defer close(polled)
		wasReady = s.poll(alive, at)
	}()
	select {
	case <-p.done:
	case <-ctx.Done():
	}
	cancel()
	<-polled
	s.cluster.front.Set(at.client, false)
	if isOver(ctx) {
		s.stop(p)
	}
	s.logs.endLife()
	return life{exit: p.exit(), wasReady: wasReady, length: time.Since(started)}, nil
}

// isOver says whether the whole is to end, which is no error of a gateway.
func isOver(ctx context.Context) bool { return ctx.Err() != nil }

// stop ends the process because the whole ends.
func (s *slot) stop(p *process) {
	s.update(func(g *Gateway) { g.State = StateStopping })
	if p.stop(s.cluster.opts.ShutdownTimeout + s.cluster.opts.KillMargin) {
		s.cluster.event("%s did not stop in time and was killed", s.name)
	}
	s.update(func(g *Gateway) { *g = Gateway{Name: g.Name, Address: g.Address, State: StateStopped} })
}

// waitForRestart waits the pause; a gateway that could not start gets other ports, for somebody may have taken its own.
func (s *slot) waitForRestart(ctx context.Context, last life, restarts int) error {
	wait := pause(restarts)
	s.cluster.event("%s ended (%s), starting it again in %s", s.name, last.exit, wait.Round(time.Millisecond))
	s.update(func(g *Gateway) { *g = Gateway{Name: g.Name, Address: g.Address, State: StateRestarting} })
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(wait):
	}
	if last.wasReady {
		return nil
	}
	return s.move()
}

// move gives the gateway other ports.
func (s *slot) move() error {
	at, err := s.cluster.ports.pick()
	if err != nil {
		return err
	}
	s.cluster.front.Remove(s.addresses().client)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at, s.view.Address = at, at.client
	return nil
}

// hopeless is the end of a gateway that cannot start.
func (s *slot) hopeless(last life) error {
	lines := s.logs.lastLines()
	if len(lines) == 0 {
		return fmt.Errorf("%s could not start %d times in a row (%s) and logged nothing", s.name, maxFailures, last.exit)
	}
	return fmt.Errorf("%s could not start %d times in a row (%s); its last log lines:\n  %s",
		s.name, maxFailures, last.exit, strings.Join(lines, "\n  "))
}

func (s *slot) addresses() addresses {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *slot) snapshot() Gateway {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view
}

// update changes how the gateway looks, and shows it if that is a change.
func (s *slot) update(change func(*Gateway)) {
	s.mu.Lock()
	before := s.view
	change(&s.view)
	changed := s.view != before
	s.mu.Unlock()
	if changed {
		s.cluster.show()
	}
}
