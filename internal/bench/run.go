package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/starling-realtime/starling/internal/bench/load"
	"github.com/starling-realtime/starling/internal/bench/proc"
)

// A run is one scenario that is being measured.
type run struct {
	*Options
	report Report
	load   *loaders
	clock  load.Clock
	base   proc.Usage // before the first connection
	result load.Result
}

// Run runs a scenario and returns what it found, however good or bad. An error means that there is nothing to tell.
func Run(ctx context.Context, opts Options) (_ *Report, err error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	r := &run{Options: &opts, clock: load.NewClock()}
	r.begin()
	if r.load, err = startLoaders(ctx, opts.Loader, opts.plan(&opts.Scenario)); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.load.close()) }()
	if err := r.steps(ctx); err != nil {
		return nil, err
	}
	if r.result, err = r.load.measure(); err != nil {
		return nil, err
	}
	r.judge()
	return &r.report, nil
}

func (r *run) steps(ctx context.Context) error {
	s := &r.Scenario
	if s.Probe != nil {
		if err := r.probed(ctx, s); err != nil {
			return err
		}
	} else if err := r.open(ctx, "opening", s.Opening); err != nil {
		return err
	}
	if s.Storm != nil {
		if err := r.storm(ctx, *s.Storm); err != nil {
			return err
		}
	}
	if err := r.memory(ctx, s); err != nil {
		return err
	}
	if s.Pacing != nil {
		return r.pace(ctx, *s.Pacing)
	}
	return nil
}

// open opens the connections, and notes what that costs.
func (r *run) open(ctx context.Context, doing string, o load.Opening) error {
	before, known := r.usage()
	if err := r.load.open(o); err != nil {
		return err
	}
	total := r.load.plan.Connections()
	counts, err := r.load.await(ctx,
		func(c load.Counts) { r.say("%s: %d of %d connections", doing, c.Opened, total) },
		func(c load.Counts) bool { return !c.Opening })
	if err != nil {
		return err
	}
	after, _ := r.usage()
	r.report.Connections, r.report.NotOpened = counts.Opened, counts.Failed
	if counts.Opened == 0 {
		result, err := r.load.measure()
		return errors.Join(err, fmt.Errorf("no connection could be opened: %v", result.Failures))
	}
	if known {
		r.report.Opening.CPU = seconds(after.Since(before).CPU)
	}
	return nil
}

// storm cuts everything and lets it come back.
func (r *run) storm(ctx context.Context, o load.Opening) error {
	r.say("cutting %d connections", r.report.Connections)
	if err := r.load.drop(); err != nil {
		return err
	}
	return r.open(ctx, "reconnecting", o)
}

// probed opens the connections while a probe publishes.
func (r *run) probed(ctx context.Context, s *Scenario) (err error) {
	plan := r.plan(s.Probe)
	plan.Parts = 1
	probe, err := startLoaders(ctx, r.Loader, plan)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, probe.close()) }()
	if err := probe.open(s.Probe.Opening); err != nil {
		return err
	}
	if _, err := probe.await(ctx, nil, func(c load.Counts) bool { return !c.Opening }); err != nil {
		return err
	}
	pacing := *s.Probe.Pacing
	pacing.Start, pacing.WarmUp, pacing.Duration = r.clock.Now(), int64(time.Second), int64(longestRun)
	if err := probe.pace(pacing); err != nil {
		return err
	}
	if err := errors.Join(rest(ctx, 2*time.Second), r.open(ctx, "joining", s.Opening), rest(ctx, s.Settle), probe.halt()); err != nil {
		return err
	}
	if _, err := probe.await(ctx, nil, func(c load.Counts) bool { return !c.Pacing }); err != nil {
		return err
	}
	result, err := probe.measure()
	r.report.Probe = quantiles(result.Latency)
	return err
}

// startSoon is how long the load generators have to take the order to publish.
const startSoon = 200 * time.Millisecond

// pace lets the load generators publish and waits until everything has come.
func (r *run) pace(ctx context.Context, p load.Pacing) error {
	p.Start, p.WarmUp, p.Duration = r.clock.Now()+int64(startSoon), int64(r.WarmUp), int64(r.Duration)
	if err := r.load.pace(p); err != nil {
		return err
	}
	if err := r.until(ctx, "warming up", p.Start+p.WarmUp); err != nil {
		return err
	}
	before, known := r.usage()
	if err := r.until(ctx, "measuring", p.Start+p.WarmUp+p.Duration); err != nil {
		return err
	}
	after, _ := r.usage()
	if known {
		r.report.Server = newCost(after.Since(before), r.Duration)
	}
	return r.drain(ctx)
}

// until shows progress until a time of the clock.
func (r *run) until(ctx context.Context, doing string, at int64) error {
	for r.clock.Now() < at-int64(poll) {
		c, err := r.load.count()
		if err != nil {
			return err
		}
		r.say("%s: %d sent, %d delivered, %d connections", doing, c.Sent, c.Delivered, c.Open)
		if err := rest(ctx, min(time.Second, time.Duration(max(0, at-int64(poll)-r.clock.Now())))); err != nil {
			return err
		}
	}
	return rest(ctx, time.Duration(at-r.clock.Now()))
}

const (
	// drainTimeout is how long what was published may take to come.
	drainTimeout = 20 * time.Second
	// quiet is how long nothing has to come, once all is there, to be sure that nothing comes twice.
	quiet = 500 * time.Millisecond
	// silence is the same while something is missing.
	silence = 3 * time.Second
)

// drain waits until nothing more comes.
func (r *run) drain(ctx context.Context) error {
	show := func(c load.Counts) { r.say("draining: %d delivered", c.Delivered) }
	if _, err := r.load.await(ctx, show, func(c load.Counts) bool { return !c.Pacing }); err != nil {
		return err
	}
	result, err := r.load.measure()
	if err != nil {
		return err
	}
	due, last, since := r.due(&result), uint64(0), r.clock.Now()
	give := since + int64(drainTimeout)
	_, err = r.load.await(ctx, show, func(c load.Counts) bool {
		now, enough := r.clock.Now(), int64(silence)
		if c.Delivered != last {
			last, since = c.Delivered, now
		}
		if c.Delivered >= due {
			enough = int64(quiet)
		}
		return now-since > enough || now > give
	})
	return err
}

// due is how many deliveries what was sent makes.
func (r *run) due(result *load.Result) uint64 {
	if r.Scenario.Pacing.Toggle {
		return result.Sent
	}
	return r.load.plan.Expected(result.Streams)
}
