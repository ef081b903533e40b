package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// run brings the cluster up for one command. With KUBECONFIG set it only runs the command.
func (c *cluster) run(args []string) error {
	args, err := commandLine(args)
	if err != nil {
		return err
	}
	if c.foreign() != "" {
		progress("KUBECONFIG is set: using that cluster")
		return attached(exec.Command(args[0], args[1:]...))
	}
	if err := c.start(true); err != nil {
		return err
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = c.environment()
	return errors.Join(attached(cmd), c.down())
}

// exec runs a command in the cluster's network namespace, with everything else as on the host.
func (c *cluster) exec(args []string) error {
	args, err := commandLine(args)
	if err != nil {
		return err
	}
	if c.foreign() != "" {
		return errors.New("KUBECONFIG names another cluster, whose network cannot be entered")
	}
	pid, err := c.running()
	if err != nil {
		return err
	}
	cmd := exec.Command("nsenter", append([]string{fmt.Sprintf("--net=/proc/%d/ns/net", pid), "--"}, args...)...)
	cmd.Env = c.environment()
	return attached(cmd)
}

func commandLine(args []string) ([]string, error) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return nil, errUsage
	}
	return args, nil
}

// environment gives commands the cluster's kubeconfig, and its kubectl where none is installed.
func (c *cluster) environment() []string {
	return append(os.Environ(), "KUBECONFIG="+c.kubeconfig(), "KUBE_NAME="+c.name, "PATH="+os.Getenv("PATH")+":"+c.bin)
}

// attached runs a command on the terminal. Interrupts reach it there, and this must outlive it to clean up; a SIGTERM is
// passed on, and comes with this process's own end, too.
func attached(cmd *exec.Cmd) error {
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case err := <-done:
			return err
		case s := <-signals:
			if s == syscall.SIGTERM {
				_ = cmd.Process.Signal(s)
			}
		}
	}
}

// status fails where the cluster does not run.
func (c *cluster) status() error {
	if foreign := c.foreign(); foreign != "" {
		progress("KUBECONFIG is set: using that cluster")
		return attached(exec.Command(c.program("kubectl"), "get", "nodes,pods", "-A"))
	}
	pid, err := c.running()
	if err != nil {
		return err
	}
	progress("The cluster %q is up (process %d)\nexport KUBECONFIG=%s", c.name, pid, c.kubeconfig())
	cmd := exec.Command(c.program("kubectl"), "get", "nodes,pods", "-A", "-o", "wide", "--request-timeout=20s")
	cmd.Env = c.environment()
	return attached(cmd)
}

// logs prints the logs of the node's programs, or of one.
func (c *cluster) logs(args []string) error {
	pattern := "*"
	if len(args) > 0 {
		pattern = args[0]
	}
	files, err := c.logFiles(pattern)
	if err != nil || len(files) == 0 {
		return errors.Join(fmt.Errorf("no logs of %q in %s", pattern, c.path("logs")), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(c.path("logs"), file)
		fmt.Printf("=== %s\n%s", strings.TrimSuffix(name, ".log"), text)
	}
	return nil
}

// logFiles are the first node's and then the others'.
func (c *cluster) logFiles(pattern string) ([]string, error) {
	first, err := filepath.Glob(c.path("logs", pattern+".log"))
	others, otherErr := filepath.Glob(c.path("logs", "*", pattern+".log"))
	return append(first, others...), errors.Join(err, otherErr)
}

// dump prints the last lines of every log after a failed start.
func (c *cluster) dump() {
	const most = 25
	files, _ := c.logFiles("*")
	for _, file := range files {
		text, _ := os.ReadFile(file)
		lines := slices.Collect(strings.Lines(string(text)))
		if strings.HasSuffix(file, "/node.log") {
			progress("=== %s\n%s", file, text)
			continue
		}
		progress("=== %s (the end)\n%s", file, strings.Join(lines[max(0, len(lines)-most):], ""))
	}
}
