package load

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/starling-realtime/starling/internal/bench/dialect"
)

// A command is one line to a process; each is answered by one line. The first one is a plan.
type command struct {
	Plan  *Plan    `json:"plan,omitempty"`
	Open  *Opening `json:"open,omitempty"`
	Pace  *Pacing  `json:"pace,omitempty"`
	Halt  bool     `json:"halt,omitempty"`
	Drop  bool     `json:"drop,omitempty"`
	Count bool     `json:"count,omitempty"`
	// Measure asks for the result.
	Measure bool `json:"measure,omitempty"`
}

// An answer is one line from a process.
type answer struct {
	Error  string  `json:"error,omitempty"`
	Counts *Counts `json:"counts,omitempty"`
	Result *Result `json:"result,omitempty"`
}

// Serve is the whole of a load process: it does what the lines of in say and answers on out, until in ends. dialects are those that
// a plan may name.
func Serve(in io.Reader, out io.Writer, dialects map[string]dialect.Dialect) error {
	raiseFiles()
	lines := json.NewDecoder(bufio.NewReader(in))
	answers := json.NewEncoder(out)
	var first command
	if err := lines.Decode(&first); err != nil {
		return fmt.Errorf("reading the plan: %w", err)
	}
	e, err := begin(first.Plan, dialects)
	if err != nil {
		return errors.Join(err, answers.Encode(answer{Error: err.Error()}))
	}
	ctx, stop := context.WithCancel(context.Background())
	var background sync.WaitGroup
	defer background.Wait()
	defer stop()
	failed := make(chan error, 1)
	background.Go(func() {
		if err := e.transport.run(ctx); err != nil {
			failed <- err
		}
	})
	for reply := (answer{}); ; {
		if err := answers.Encode(reply); err != nil {
			return err
		}
		var c command
		if err := lines.Decode(&c); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("reading a command: %w", err)
		}
		select {
		case err := <-failed:
			return errors.Join(err, answers.Encode(answer{Error: err.Error()}))
		default:
		}
		reply = e.obey(ctx, &background, &c)
	}
}

func begin(plan *Plan, dialects map[string]dialect.Dialect) (*engine, error) {
	if plan == nil {
		return nil, errors.New("the first command has no plan")
	}
	d := dialects[plan.Dialect]
	if d == nil {
		return nil, fmt.Errorf("unknown dialect %q", plan.Dialect)
	}
	return newEngine(plan, d)
}

func (e *engine) obey(ctx context.Context, background *sync.WaitGroup, c *command) answer {
	switch {
	case c.Open != nil:
		started := make(chan struct{})
		background.Go(func() { e.open(ctx, *c.Open, started) })
		<-started
	case c.Pace != nil:
		ctx, e.halt = context.WithCancel(ctx)
		e.pacing.Store(true)
		background.Go(func() { e.pace(ctx, *c.Pace) })
	case c.Halt && e.halt != nil:
		e.halt()
	case c.Drop:
		e.drop()
	case c.Count:
		n := e.counts()
		return answer{Counts: &n}
	case c.Measure:
		r := e.measured()
		return answer{Result: &r}
	}
	return answer{}
}
