package main

import (
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/internal/localcluster/lifeline"
)

// gcPercent is GOGC of a gateway, if the environment does not say otherwise. Most of its heap are connections that live long, and it
// allocates little: with half of Go's default, 19,000 idle connections take 8 % less memory, and a delivery no more CPU time
// (docs/performance.md).
const gcPercent = 50

// supervisorDirFlag is for `starling up` only: see package lifeline.
const supervisorDirFlag = "supervisor-dir"

func newGateway(std streams) *cobra.Command {
	cfg := gateway.DefaultConfig()
	var supervisorDir string
	cmd := &cobra.Command{
		Use:   "gateway",
		Short: "Serve clients, and share channels with other gateways",
		Long: "Serve clients over WebSocket, and share channels and presence with the other gateways of the cluster.\n" +
			"Each flag can also be given in the environment: --max-connections as " + gateway.EnvironmentName("max-connections") + ", and so on.\n" +
			"SIGTERM drains: the gateway still takes clients for --deregister, then moves them to other gateways within\n" +
			"--drain-window and closes the rest within --drain-close. A second signal ends it at once.",
		Example: "  starling gateway --anonymous --demo --mesh-listen 127.0.0.1:7946",
		Args:    usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := gateway.ReadEnvironment(publicFlags(cmd), os.LookupEnv); err != nil {
				return usageError{err}
			}
			if err := cfg.Validate(); err != nil {
				return usageError{err}
			}
			if os.Getenv("GOGC") == "" {
				debug.SetGCPercent(gcPercent)
			}
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			if supervisorDir != "" {
				lifeline.Follow(std.in, supervisorDir, stop)
			}
			return gateway.Run(ctx, cfg, newLogger(std, cfg))
		},
	}
	cmd.Flags().SortFlags = false
	cfg.BindFlags(cmd.Flags())
	cmd.Flags().StringVar(&supervisorDir, supervisorDirFlag, "", "")
	if err := cmd.Flags().MarkHidden(supervisorDirFlag); err != nil {
		panic(err) // the flag was added on the line before
	}
	return cmd
}

// publicFlags are the flags that the environment may set.
func publicFlags(cmd *cobra.Command) *pflag.FlagSet {
	public := pflag.NewFlagSet(cmd.Name(), pflag.ContinueOnError)
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" {
			public.AddFlag(f)
		}
	})
	return public
}

// newLogger logs to standard error as the config says, which is valid.
func newLogger(std streams, cfg gateway.Config) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.LogLevel)); err != nil {
		panic(fmt.Sprintf("log level %q passed validation", cfg.LogLevel))
	}
	options := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(std.err, options))
	}
	return slog.New(slog.NewTextHandler(std.err, options))
}
