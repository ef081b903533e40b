package localcluster

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// A process is one life of a gateway.
type process struct {
	cmd      *exec.Cmd
	lifeline *os.File // the write end: see package lifeline
	done     chan struct{}
	err      error // why it ended; only after done is closed
}

// startProcess starts a gateway whose output goes to the writer.
func startProcess(ctx context.Context, argv, env []string, output io.Writer) (*process, error) {
	stdin, lifeline, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making the lifeline: %w", err)
	}
	defer stdin.Close()
	// The end of the context would kill the gateway, which must be asked first.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), argv[0], argv[1:]...)
	cmd.Env = env
	cmd.Stdin = stdin
	cmd.Stdout, cmd.Stderr = output, output
	cmd.WaitDelay = time.Second
	// A group of its own keeps the terminal's Ctrl-C from the gateway: when it ends is this process's to say.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		_ = lifeline.Close()
		return nil, err
	}
	p := &process{cmd: cmd, lifeline: lifeline, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.err = cmd.Wait()
		_ = lifeline.Close()
	}()
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// exit says how the process ended. It waits for that.
func (p *process) exit() string {
	<-p.done
	if p.err == nil {
		return "exit status 0"
	}
	return p.err.Error()
}

// stop asks the process to end, kills it after the timeout and returns when it has ended; it reports whether it had to be killed.
func (p *process) stop(timeout time.Duration) (killed bool) {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-p.done:
		return false
	case <-timer.C:
		_ = p.cmd.Process.Kill()
		<-p.done
		return true
	}
}
