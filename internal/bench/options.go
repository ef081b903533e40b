package bench

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"time"

	"github.com/starling-realtime/starling/gateway/sleep"
	"github.com/starling-realtime/starling/internal/bench/load"
)

// A Server is what is measured.
type Server struct {
	// Name and Version are for the report.
	Name, Version string
	// Dialect is what clients speak.
	Dialect string
	// Addresses are where they connect: one for each gateway, or one for all.
	Addresses []string
	// PIDs are the processes that it costs, in the order of the addresses as far as they go; none: not known, and nothing is said of cost.
	PIDs []int
	// Admin is the gateways' admin addresses, host:port, for [Scenario.AfterGC]; may be empty.
	Admin []string
	// TokenKey signs members' tokens, as in [load.Plan]; empty: members are who they say.
	TokenKey []byte
}

// Options are how a scenario is run.
type Options struct {
	Scenario Scenario
	Server   Server
	// Loader is the program that calls [load.Serve], with its arguments.
	Loader []string
	// Loaders is how many load generators there are.
	Loaders int
	// WarmUp is load that is not measured, Duration is how long it is measured then.
	WarmUp, Duration time.Duration
	// Progress is told what happens, a line each time; may be nil.
	Progress func(string)
}

// DefaultLoaders leaves half of the machine to the server.
func DefaultLoaders() int { return min(4, max(1, runtime.NumCPU()/2)) }

// longestRun bounds a run's measured time.
const longestRun = time.Hour

func (o *Options) validate() error {
	switch {
	case len(o.Server.Addresses) == 0:
		return errors.New("no address of a server")
	case o.Loaders < 1:
		return fmt.Errorf("%d load generators, want at least 1", o.Loaders)
	case o.WarmUp < 0 || o.Duration <= 0 || o.WarmUp+o.Duration > longestRun:
		return fmt.Errorf("a warm-up of %s and a duration of %s, want more than 0s and at most %s together", o.WarmUp, o.Duration, longestRun)
	}
	return nil
}

// plan makes what the load generators hold, but for their parts.
func (o *Options) plan(s *Scenario) load.Plan {
	p := load.Plan{
		Dialect: o.Server.Dialect, Parts: o.Loaders, Streams: s.Streams, Channels: s.Channels, TokenKey: o.Server.TokenKey,
	}
	for _, g := range s.Groups {
		g.Group.Targets = g.Side.of(o.Server.Addresses)
		p.Groups = append(p.Groups, g.Group)
		if g.Toggles {
			p.Parts = 1
		}
	}
	p.Sources = sources(o.Server.Addresses, p.Connections())
	return p
}

// portsPerSource is fewer than one address has for connections to one port: Linux gives away 28,000, and some are still closing.
const portsPerSource = 15_000

// sources are loopback addresses to connect from, when there are more connections than one address has ports.
func sources(addresses []string, connections int) []string {
	if connections <= portsPerSource || runtime.GOOS != "linux" {
		return nil
	}
	for _, a := range addresses {
		if u, err := url.Parse(a); err != nil || u.Hostname() != "127.0.0.1" {
			return nil
		}
	}
	var list []string
	for i := range connections/portsPerSource + 1 {
		list = append(list, fmt.Sprintf("127.0.1.%d", i+1))
	}
	return list
}

func (o *Options) say(format string, args ...any) {
	if o.Progress != nil {
		o.Progress(fmt.Sprintf(format, args...))
	}
}

// rest waits, unless ctx ends before.
func rest(ctx context.Context, d time.Duration) error {
	if sleep.For(ctx, d) {
		return nil
	}
	return context.Cause(ctx)
}
