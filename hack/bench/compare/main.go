package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/starling-realtime/starling/internal/bench"
	"github.com/starling-realtime/starling/internal/bench/dialect"
	"github.com/starling-realtime/starling/internal/bench/load"
)

// options are the command line.
type options struct {
	work, systems, starling, centrifugo, socketio, jsonFile string
	rounds, nodes, size                                     int
	rate, share                                             float64
	duration                                                time.Duration
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "load" {
		exit(load.Serve(os.Stdin, os.Stdout, dialects()))
	}
	if len(os.Args) == 3 && os.Args[1] == bareName {
		exit(serveBare(context.Background(), os.Args[2]))
	}
	var o options
	flag.StringVar(&o.work, "work", "fanout", "fanout, rooms or idle")
	flag.StringVar(&o.systems, "systems", "starling,centrifugo,socketio", "what to measure, in this order")
	flag.StringVar(&o.starling, "starling", "bin/starling", "Starling's program")
	flag.StringVar(&o.centrifugo, "centrifugo", "", "Centrifugo's program")
	flag.StringVar(&o.socketio, "socketio", "", "folder with Socket.IO's server.mjs and node_modules")
	flag.StringVar(&o.jsonFile, "json", "", "file for every report")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each is measured")
	flag.IntVar(&o.nodes, "nodes", 1, "nodes of each system; the others connect theirs with Redis")
	flag.IntVar(&o.size, "size", 0, "subscribers, channels or connections (default: 1000, 10000, 20000)")
	flag.Float64Var(&o.rate, "rate", 0, "publishes a second (default: 300, 5000); negative: as many as it takes")
	flag.Float64Var(&o.share, "share", 0, "publish at this share of what the system takes, which is measured just before; 0: at --rate")
	flag.DurationVar(&o.duration, "duration", 10*time.Second, "measured time of each run")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit(compare(ctx, &o))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func dialects() map[string]dialect.Dialect {
	return map[string]dialect.Dialect{
		"starling": dialect.Starling{}, "centrifugo": centrifugo{}, "socketio": socketio{}, bareName: dialect.Starling{},
	}
}

func compare(ctx context.Context, o *options) error {
	systems := strings.Split(o.systems, ",")
	for _, name := range systems {
		if dialects()[name] == nil {
			return fmt.Errorf("--systems: unknown system %q", name)
		}
	}
	scenario, err := o.scenario()
	if err != nil {
		return err
	}
	if o.share != 0 && (scenario.Pacing == nil || o.share < 0 || o.share > 1) {
		return fmt.Errorf("--share is %g, must be more than 0 and at most 1, and --work fanout or rooms", o.share)
	}
	var all []*bench.Report
	for round := range o.rounds {
		for _, name := range systems {
			report, err := o.once(ctx, name, scenario)
			if err != nil {
				return fmt.Errorf("round %d, %s: %w", round+1, name, err)
			}
			fmt.Fprintf(os.Stderr, "round %d: %s\n", round+1, summary(report))
			all = append(all, report)
		}
	}
	writeTable(os.Stdout, systems, all)
	if o.jsonFile == "" {
		return nil
	}
	text, err := json.MarshalIndent(all, "", " ")
	return errors.Join(err, os.WriteFile(o.jsonFile, text, 0o600))
}

// once measures a system at --rate, or at --share of what it takes.
func (o *options) once(ctx context.Context, name string, s bench.Scenario) (*bench.Report, error) {
	if o.share == 0 {
		return o.measure(ctx, name, s)
	}
	pacing := *s.Pacing
	pacing.Rate = 0
	s.Pacing = &pacing
	report, err := o.measure(ctx, name, s)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "at most: %s\n", summary(report))
	atShare := pacing
	atShare.Rate = o.share * report.Traffic.DeliveriesPerSecond / s.Receivers()
	s.Pacing = &atShare
	return o.measure(ctx, name, s)
}

// payload is the size of every publish.
const payload = 200

func (o *options) scenario() (bench.Scenario, error) {
	pick := func(size int, rate float64) (int, float64) {
		if o.size != 0 {
			size = o.size
		}
		if o.rate != 0 {
			rate = max(0, o.rate)
		}
		return size, rate
	}
	switch o.work {
	case "fanout":
		n, rate := pick(1000, 300)
		return bench.Fanout(n, 1, 0, rate, payload), nil
	case "rooms":
		n, rate := pick(10_000, 5000)
		return bench.Rooms(n, 10, n, rate, payload), nil
	case "idle":
		n, _ := pick(20_000, 0)
		return bench.Idle(n, n/10, 10*time.Second, false), nil
	default:
		return bench.Scenario{}, fmt.Errorf("--work is %q, must be fanout, rooms or idle", o.work)
	}
}

// measure starts a system, measures it and ends it.
func (o *options) measure(ctx context.Context, name string, s bench.Scenario) (_ *bench.Report, err error) {
	server, stop, err := o.start(ctx, name, &s)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program's own file: %w", err)
	}
	return bench.Run(ctx, bench.Options{
		Scenario: s, Server: server, Loader: []string{self, "load"}, Loaders: bench.DefaultLoaders(),
		WarmUp: 2 * time.Second, Duration: o.duration,
	})
}
