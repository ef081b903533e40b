package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/starling-realtime/starling/internal/nearest"
)

// Exit codes.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// streams are the process's own, or a test's.
type streams struct {
	in       *os.File
	out, err io.Writer
}

// A usageError is a mistake on the command line.
type usageError struct{ error }

// Unwrap gives the mistake itself.
func (e usageError) Unwrap() error { return e.error }

// run runs one command line and returns the exit code. An error is told on one line, unless it lists several faults.
func run(args []string, std streams) int {
	root := newRoot(std)
	root.SetArgs(args)
	err := root.Execute()
	if err == nil {
		return exitOK
	}
	_, _ = fmt.Fprintf(std.err, "starling: %v\n", err)
	if _, isUsage := errors.AsType[usageError](err); isUsage {
		return exitUsage
	}
	return exitError
}

func newRoot(std streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "starling",
		Short: "Realtime channels: presence, typing and publish over WebSocket",
		Long: "Starling serves realtime channels over WebSocket, from gateways that find each other and need no broker and no database.\n" +
			"Begin with: starling up -f config/samples/realtimecluster.yaml",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          usage(cobra.NoArgs),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	root.SetFlagErrorFunc(explainFlag)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(newGateway(std), newUp(std), newStatus(std), newBench(std), newVersion())
	return root
}

// usage marks what a validator of arguments refuses as a usage error.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		if err == nil {
			return nil
		}
		if cmd.HasSubCommands() && len(args) > 0 {
			err = unknownCommand(cmd, args[0])
		}
		return usageError{fmt.Errorf("%w (try: %s --help)", err, cmd.CommandPath())}
	}
}

func unknownCommand(cmd *cobra.Command, name string) error {
	var known []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			known = append(known, sub.Name())
		}
	}
	if near, ok := nearest.Name(name, known); ok {
		return fmt.Errorf("unknown command %q, did you mean %q?", name, near)
	}
	return fmt.Errorf("unknown command %q", name)
}

// explainFlag says which flag was probably meant by one that does not exist.
func explainFlag(cmd *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				known = append(known, f.Name)
			}
		})
		if near, ok := nearest.Name(unknown.GetSpecifiedName(), known); ok {
			err = fmt.Errorf("%w, did you mean --%s?", err, near)
		}
	}
	return usageError{fmt.Errorf("%w (try: %s --help)", err, cmd.CommandPath())}
}
