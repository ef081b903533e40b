package bench

import (
	"context"
	"errors"
	"time"

	"github.com/starling-realtime/starling/internal/bench/load"
)

// loaders are the load generators of one plan, as one.
type loaders struct {
	plan load.Plan
	all  []*load.Process
}

func startLoaders(ctx context.Context, argv []string, plan load.Plan) (*loaders, error) {
	l := &loaders{plan: plan}
	for part := range plan.Parts {
		plan.Part = part
		p, err := load.Start(ctx, argv, plan)
		if err != nil {
			return nil, errors.Join(err, l.close())
		}
		l.all = append(l.all, p)
	}
	return l, nil
}

func (l *loaders) close() error {
	var errs []error
	for _, p := range l.all {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}

func (l *loaders) each(do func(*load.Process) error) error {
	for _, p := range l.all {
		if err := do(p); err != nil {
			return err
		}
	}
	return nil
}

// open divides the rate and the bound among the processes.
func (l *loaders) open(o load.Opening) error {
	o.Rate /= float64(len(l.all))
	if o.InFlight > 0 {
		o.InFlight = max(1, o.InFlight/len(l.all))
	}
	return l.each(func(p *load.Process) error { return p.Open(o) })
}

func (l *loaders) pace(s load.Pacing) error {
	return l.each(func(p *load.Process) error { return p.Pace(s) })
}

func (l *loaders) drop() error { return l.each((*load.Process).Drop) }

func (l *loaders) halt() error { return l.each((*load.Process).Halt) }

func (l *loaders) count() (load.Counts, error) {
	var sum load.Counts
	err := l.each(func(p *load.Process) error {
		c, err := p.Count()
		sum.Opened += c.Opened
		sum.Failed += c.Failed
		sum.Open += c.Open
		sum.Opening = sum.Opening || c.Opening
		sum.Pacing = sum.Pacing || c.Pacing
		sum.Sent += c.Sent
		sum.Delivered += c.Delivered
		return err
	})
	return sum, err
}

func (l *loaders) measure() (load.Result, error) {
	var sum load.Result
	err := l.each(func(p *load.Process) error {
		r, err := p.Measure()
		sum.Merge(&r)
		return err
	})
	return sum, err
}

// poll is how often one looks at the processes.
const poll = 200 * time.Millisecond

// await looks at the counts until done says that it is enough. It shows each of them.
func (l *loaders) await(ctx context.Context, show func(load.Counts), done func(load.Counts) bool) (load.Counts, error) {
	for {
		c, err := l.count()
		if err != nil {
			return c, err
		}
		if show != nil {
			show(c)
		}
		if done(c) {
			return c, nil
		}
		if err := rest(ctx, poll); err != nil {
			return c, err
		}
	}
}
