package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// A Process is a load generator in a process of its own. It is for one goroutine at a time.
type Process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers *json.Decoder
	lines   *json.Encoder
}

// Start starts a process, which is argv and has to call [Serve], with its part of the plan. Call Close in the end.
func Start(ctx context.Context, argv []string, plan Plan) (*Process, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stderr = os.Stderr
	// A group of its own keeps the terminal's Ctrl-C from it: it ends with its stdin.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting a load generator: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting a load generator: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting a load generator: %w", err)
	}
	p := &Process{cmd: cmd, in: in, answers: json.NewDecoder(out), lines: json.NewEncoder(in)}
	if _, err := p.ask(command{Plan: &plan}); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// Close ends the process and waits for that.
func (p *Process) Close() error {
	_ = p.in.Close()
	var exit *exec.ExitError
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("ending a load generator: %w", err)
	}
	return nil
}

// ask sends a command and returns the answer.
func (p *Process) ask(c command) (answer, error) {
	if err := p.lines.Encode(c); err != nil {
		return answer{}, fmt.Errorf("a load generator ended: %w", err)
	}
	var a answer
	if err := p.answers.Decode(&a); err != nil {
		return answer{}, fmt.Errorf("a load generator ended: %w", err)
	}
	if a.Error != "" {
		return answer{}, fmt.Errorf("a load generator: %s", a.Error)
	}
	return a, nil
}

// Open begins to open the connections.
func (p *Process) Open(o Opening) error {
	_, err := p.ask(command{Open: &o})
	return err
}

// Pace begins to publish.
func (p *Process) Pace(s Pacing) error {
	_, err := p.ask(command{Pace: &s})
	return err
}

// Halt ends the publishing soon, before its time.
func (p *Process) Halt() error {
	_, err := p.ask(command{Halt: true})
	return err
}

// Drop cuts all connections without a goodbye.
func (p *Process) Drop() error {
	_, err := p.ask(command{Drop: true})
	return err
}

// Count returns what was done so far.
func (p *Process) Count() (Counts, error) {
	a, err := p.ask(command{Count: true})
	if err != nil {
		return Counts{}, err
	}
	return *a.Counts, nil
}

// Measure returns what was measured.
func (p *Process) Measure() (Result, error) {
	a, err := p.ask(command{Measure: true})
	if err != nil {
		return Result{}, err
	}
	return *a.Result, nil
}
