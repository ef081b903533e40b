package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/starling-realtime/starling/internal/statusview"
)

// maxKeyFile bounds the file of an API key, in bytes.
const maxKeyFile = 4 << 10

// statusFlags are those of `starling status`.
type statusFlags struct {
	address string
	keyFile string
	output  string
	watch   bool
	every   time.Duration
}

func newStatus(std streams) *cobra.Command {
	flags := statusFlags{address: "http://127.0.0.1:9090", every: 2 * time.Second}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show a running cluster: its gateways, their load, and who sees whom",
		Long: "Ask one gateway about its whole cluster, and show what it answers. IN/S is publishes accepted a second, OUT/S frames\n" +
			"written to clients a second, and P99 the time within which 99 of 100 of these were written after they were queued.\n" +
			"MEMBERS and CHANNELS are the cluster's, as each gateway sees them.\n" +
			"An API key, where the gateway wants one, comes from a file or from " + statusview.KeyVariable + ",\n" +
			"so that it is in no list of processes.",
		Example: "  starling status\n" +
			"  starling status --address http://10.0.0.7:9090 --api-key-file key.txt -o wide\n" +
			"  starling status --watch",
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			return flags.run(ctx, std)
		},
	}
	cmd.Flags().SortFlags = false
	flags.bind(cmd.Flags())
	return cmd
}

func (f *statusFlags) bind(fs *pflag.FlagSet) {
	fs.StringVar(&f.address, "address", f.address, "admin address of a gateway, http://host:port or host:port")
	fs.StringVar(&f.keyFile, "api-key-file", f.keyFile, "file with an API key (default: "+statusview.KeyVariable+" in the environment)")
	fs.StringVarP(&f.output, "output", "o", string(statusview.FormatTable), "table, wide, json or yaml")
	fs.BoolVarP(&f.watch, "watch", "w", f.watch, "show it again and again, until Ctrl-C")
	fs.DurationVar(&f.every, "every", f.every, "time between two looks with --watch")
}

func (f *statusFlags) run(ctx context.Context, std streams) error {
	format, err := statusview.ParseFormat(f.output)
	if err != nil {
		return usageError{err}
	}
	if f.every < 100*time.Millisecond {
		return usageError{fmt.Errorf("--every is %s, must be at least 100ms", f.every)}
	}
	key, err := readAPIKey(f.keyFile, os.Getenv)
	if err != nil {
		return err
	}
	source, err := statusview.NewSource(f.address, key)
	if err != nil {
		return usageError{err}
	}
	defer source.Close()
	if !f.watch {
		o, err := source.Overview(ctx)
		if err != nil {
			return err
		}
		return statusview.Write(std.out, format, o)
	}
	return f.again(ctx, std, func(out *bytes.Buffer) error {
		o, err := source.Overview(ctx)
		if err != nil {
			return err
		}
		return statusview.Write(out, format, o)
	})
}

// again shows what look writes until ctx ends, on a terminal in place. What goes wrong is shown and tried again: a gateway may be
// restarting.
func (f *statusFlags) again(ctx context.Context, std streams, look func(*bytes.Buffer) error) error {
	before, after := "", "\n"
	if out, ok := std.out.(*os.File); ok && term.IsTerminal(int(out.Fd())) {
		before, after = "\x1b[H\x1b[J", ""
	}
	ticker := time.NewTicker(f.every)
	defer ticker.Stop()
	for {
		var text bytes.Buffer
		if err := look(&text); err != nil && ctx.Err() == nil {
			fmt.Fprintf(&text, "starling: %v\n", err)
		}
		if ctx.Err() != nil {
			return nil
		}
		if _, err := fmt.Fprint(std.out, before, text.String(), after); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// readAPIKey returns the key in the file, or else in the environment; none is no error.
func readAPIKey(path string, getenv func(string) string) (string, error) {
	if path == "" {
		return strings.TrimSpace(getenv(statusview.KeyVariable)), nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("--api-key-file: %w", err)
	}
	key := strings.TrimSpace(string(text))
	if key == "" || len(text) > maxKeyFile || strings.ContainsAny(key, "\r\n") {
		return "", errors.New("--api-key-file: want one API key on one line")
	}
	return key, nil
}
