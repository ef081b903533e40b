package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// programs starts what is to run as long as the cluster does, watches over it, and reports progress.
type programs struct {
	*cluster
	logs   string // folder
	report io.Writer
	ended  chan error // the first that ended, and why
}

func newPrograms(c *cluster, logs string, report io.Writer) *programs {
	return &programs{cluster: c, logs: logs, report: report, ended: make(chan error, 1)}
}

// step is a part of a start with a deadline of its own.
type step struct {
	what   string
	within time.Duration
	do     func(context.Context) error
}

func (p *programs) take(steps []step) error {
	for _, s := range steps {
		start := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), s.within)
		err := s.do(ctx)
		if err != nil && ctx.Err() != nil {
			err = fmt.Errorf("not done within %v: %w", s.within, err)
		}
		cancel()
		if err != nil {
			return fmt.Errorf("%s: %w", s.what, err)
		}
		p.say("  %-40s %3.0f s", s.what, time.Since(start).Seconds())
	}
	return nil
}

// say reports progress. Nobody may be listening any more, which is no reason to end.
func (p *programs) say(format string, args ...any) {
	_, _ = fmt.Fprintf(p.report, format+"\n", args...)
}

// fail notes that something ended that must not.
func (p *programs) fail(err error) {
	select {
	case p.ended <- err:
	default:
	}
}

// daemon starts a program that is to run as long as the cluster does.
func (p *programs) daemon(name string, args ...string) error {
	log, err := os.Create(filepath.Join(p.logs, name+".log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd := p.command(context.Background(), name, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	go func() {
		err := cmd.Wait()
		p.fail(fmt.Errorf("%s ended: %w", name, errors.Join(err, errors.New("see its log"))))
	}()
	return nil
}

// command prepares one of the built programs. They find each other, runc and iptables by PATH.
func (p *programs) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.program(name), args...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "PATH="+p.bin+":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "KUBECONFIG="+p.kubeconfig())
	return cmd
}

// runTool runs one of the built programs to its end, with its output in the error.
func (p *programs) runTool(ctx context.Context, stdin io.Reader, name string, args ...string) (string, error) {
	cmd := p.command(ctx, name, args...)
	cmd.Stdin = stdin
	output, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(output)))
	}
	return string(output), nil
}

// await tries until a try succeeds, the step's time is over or one of the programs ends.
func (p *programs) await(ctx context.Context, try func(context.Context) error) error {
	var last error
	for {
		one, cancel := context.WithTimeout(ctx, 20*time.Second)
		err := try(one)
		cancel()
		if err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil {
			last = err
		}
		select {
		case err := <-p.ended:
			return err
		case <-ctx.Done():
			return last
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// awaitNode waits until Kubernetes finds the node ready.
func (p *programs) awaitNode(ctx context.Context, name string) error {
	return p.await(ctx, func(ctx context.Context) error {
		_, err := p.runTool(ctx, nil, "kubectl", "wait", "--for=condition=Ready", "node/"+name, "--timeout=15s")
		return err
	})
}

// ip runs the commands of that tool one after the other.
func ip(ctx context.Context, commands ...string) error {
	for _, command := range commands {
		if output, err := exec.CommandContext(ctx, "ip", strings.Fields(command)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", command, err, strings.TrimSpace(string(output)))
		}
	}
	return nil
}
