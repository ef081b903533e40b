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

// ctrCommand prepares containerd's client. The socket is found through /proc, in the mounts of the node.
func (c *cluster) ctrCommand(args ...string) (*exec.Cmd, error) {
	if c.foreign() != "" {
		return nil, errors.New("KUBECONFIG names another cluster, whose containerd is out of reach: use its own tools")
	}
	pid, err := c.running()
	if err != nil {
		return nil, err
	}
	socket := fmt.Sprintf("--address=/proc/%d/root/run/containerd/containerd.sock", pid)
	cmd := exec.Command(c.program("ctr"), append([]string{socket, "--namespace=k8s.io"}, args...)...)
	// Of cgroup v1, with every command.
	cmd.Env = append(os.Environ(), "CONTAINERD_SUPPRESS_DEPRECATION_WARNINGS=true")
	return cmd, nil
}

func (c *cluster) ctr(args []string) error {
	cmd, err := c.ctrCommand(args...)
	if err != nil {
		return err
	}
	return attached(cmd)
}

// load imports archives of images: nothing is pulled or pushed.
func (c *cluster) load(args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	for _, tarball := range args {
		cmd, err := c.ctrCommand("images", "import", "-")
		if err != nil {
			return err
		}
		file, err := os.Open(tarball)
		if err != nil {
			return err
		}
		cmd.Stdin, cmd.Stdout, cmd.Stderr = file, os.Stderr, os.Stderr
		err = cmd.Run()
		_ = file.Close()
		if err != nil {
			return fmt.Errorf("importing %s: %w", tarball, err)
		}
	}
	return nil
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
	files, err := filepath.Glob(c.path("logs", pattern+".log"))
	if err != nil || len(files) == 0 {
		return errors.Join(fmt.Errorf("no logs of %q in %s", pattern, c.path("logs")), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		fmt.Printf("=== %s\n%s", strings.TrimSuffix(filepath.Base(file), ".log"), text)
	}
	return nil
}

// dump prints the last lines of every log after a failed start.
func (c *cluster) dump() {
	const most = 25
	files, _ := filepath.Glob(c.path("logs", "*.log"))
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
