package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/starling-realtime/starling/internal/bench"
	"github.com/starling-realtime/starling/internal/bench/dialect"
	"github.com/starling-realtime/starling/internal/bench/load"
)

// benchLoad is the hidden command that is one load generator.
const benchLoad = "load"

// dialectStarling names our protocol to the load generators.
const dialectStarling = "starling"

func newBench(std streams) *cobra.Command {
	flags := defaultBenchFlags()
	cmd := &cobra.Command{
		Use:   "bench SCENARIO",
		Short: "Measure gateways under load",
		Long: "Put load on gateways as many clients would, check that everything comes as promised, and show what it takes.\n" +
			"Without --address it starts gateways of its own on 127.0.0.1, with flags that come after --, and ends them again.\n" +
			"docs/performance.md explains the figures.",
		Example: "  starling bench fanout --subscribers 1000 --rate 300\n" +
			"  starling bench idle --connections 20000 -- --heartbeat 30s\n" +
			"  starling bench rooms --address ws://10.0.0.7:8080 -o json",
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().SortFlags = false
	flags.bind(cmd.PersistentFlags())
	for _, s := range benchScenarios() {
		cmd.AddCommand(newBenchScenario(std, flags, s))
	}
	cmd.AddCommand(newBenchLoad(std))
	return cmd
}

func newBenchScenario(std streams, flags *benchFlags, s benchScenario) *cobra.Command {
	cmd := &cobra.Command{
		Use:   s.name + " [-- GATEWAY-FLAG...]",
		Short: s.short,
		Args:  usage(gatewayFlagsOnly),
		RunE: func(cmd *cobra.Command, args []string) error {
			scenario, err := s.make()
			if err == nil {
				err = flags.validate()
			}
			if err != nil {
				return usageError{err}
			}
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			return flags.run(ctx, std, scenario, args)
		},
	}
	cmd.Flags().SortFlags = false
	s.bind(cmd.Flags())
	return cmd
}

// gatewayFlagsOnly refuses arguments in front of --.
func gatewayFlagsOnly(cmd *cobra.Command, args []string) error {
	if n := cmd.ArgsLenAtDash(); len(args) > 0 && n != 0 {
		return fmt.Errorf("unexpected argument %q: flags for the gateways come after --", args[0])
	}
	return nil
}

// newBenchLoad is for `starling bench` only.
func newBenchLoad(std streams) *cobra.Command {
	return &cobra.Command{
		Use:    benchLoad,
		Hidden: true,
		Args:   usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			return load.Serve(std.in, std.out, map[string]dialect.Dialect{dialectStarling: dialect.Starling{}})
		},
	}
}

// benchFlags are those of every scenario.
type benchFlags struct {
	addresses []string
	pids      []int
	admin     []string
	gateways  int
	auth      string
	keyFile   string
	loaders   int
	warmUp    time.Duration
	duration  time.Duration
	output    string
}

func defaultBenchFlags() *benchFlags {
	return &benchFlags{
		auth: authAnonymous, loaders: bench.DefaultLoaders(), warmUp: 2 * time.Second, duration: 10 * time.Second, output: "text",
	}
}

// How clients of the gateways that are started here say who they are.
const (
	authAnonymous = "anonymous"
	authHS256     = "hs256"
	authES256     = "es256"
)

func (f *benchFlags) bind(fs *pflag.FlagSet) {
	fs.StringSliceVar(&f.addresses, "address", f.addresses,
		"clients' address of a gateway or of a cluster, ws://host:port or wss://host:port; several for several gateways "+
			"(default: start gateways here)")
	fs.IntSliceVar(&f.pids, "pid", f.pids, "process id of a gateway on this machine, in the order of --address, to see what it costs")
	fs.StringSliceVar(&f.admin, "admin", f.admin, "admin address of a gateway, host:port, for what its metrics tell")
	fs.IntVar(&f.gateways, "gateways", f.gateways, "number of gateways to start (default: 2 for mesh and presence, else 1)")
	fs.StringVar(&f.auth, "auth", f.auth, "how clients of gateways that are started here say who they are: anonymous, hs256 or es256")
	fs.StringVar(&f.keyFile, "jwt-key-file", f.keyFile,
		"file with the HS256 key, or the ES256 private key, of the gateways at --address, to sign tokens with; without it clients are anonymous")
	fs.IntVar(&f.loaders, "loaders", f.loaders, "number of load generator processes")
	fs.DurationVar(&f.warmUp, "warm-up", f.warmUp, "time of load that is not measured")
	fs.DurationVar(&f.duration, "duration", f.duration, "time of load that is measured")
	fs.StringVarP(&f.output, "output", "o", f.output, "text or json")
}

func (f *benchFlags) validate() error {
	switch {
	case f.output != "text" && f.output != "json":
		return fmt.Errorf("--output is %q, must be text or json", f.output)
	case f.auth != authAnonymous && f.auth != authHS256 && f.auth != authES256:
		return fmt.Errorf("--auth is %q, must be %s, %s or %s", f.auth, authAnonymous, authHS256, authES256)
	case len(f.addresses) > 0 && f.gateways > 0:
		return errors.New("--gateways and --address exclude each other: start gateways, or name those that run")
	case len(f.addresses) == 0 && (len(f.pids) > 0 || len(f.admin) > 0 || f.keyFile != ""):
		return errors.New("--pid, --admin and --jwt-key-file are for gateways that run: name them with --address")
	case f.gateways < 0 || f.gateways > 20:
		return fmt.Errorf("--gateways is %d, must be 1 to 20", f.gateways)
	case f.loaders < 1 || f.loaders > 64:
		return fmt.Errorf("--loaders is %d, must be 1 to 64", f.loaders)
	case f.warmUp < 0 || f.duration <= 0:
		return fmt.Errorf("--warm-up is %s and --duration %s, must be at least 0s and more than 0s", f.warmUp, f.duration)
	}
	return nil
}

// show writes the report, and makes an error of faults, so that scripts notice.
func (f *benchFlags) show(std streams, report *bench.Report) error {
	var err error
	if f.output == "json" {
		encoder := json.NewEncoder(std.out)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(report)
	} else {
		err = bench.WriteTable(std.out, report)
	}
	if err == nil && len(report.Faults) > 0 {
		err = errors.New("promises were broken under the load: " + strings.Join(report.Faults, "; "))
	}
	return err
}

// newProgress shows one line that changes on a terminal, and elsewhere a line when the activity changes.
func newProgress(std streams) (show func(string), done func()) {
	out, ok := std.err.(*os.File)
	if ok && term.IsTerminal(int(out.Fd())) && os.Getenv("TERM") != "dumb" {
		return func(line string) { fmt.Fprintf(out, "\r\x1b[K%s", line) }, func() { fmt.Fprint(out, "\r\x1b[K") }
	}
	last := ""
	return func(line string) {
		if doing, _, _ := strings.Cut(line, ":"); doing != last {
			last = doing
			fmt.Fprintln(std.err, doing)
		}
	}, func() {}
}
