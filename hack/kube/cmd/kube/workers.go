package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// workers are the nodes beside the first, each in namespaces of its own and tied to the cluster's network by a pair of
// virtual links. They end with the cluster: their processes are also in its PID namespace.
type workers struct {
	programs *programs
	mu       sync.Mutex // one change at a time
	list     []*worker
}

// worker is one of them. Without a process it is stopped.
type worker struct {
	name   string
	number int
	cut    bool
	cmd    *exec.Cmd
	done   chan struct{} // closed when the process has ended
}

func newWorkers(p *programs, nodes int) *workers {
	w := &workers{programs: p}
	for number := controlNode + 1; number <= nodes; number++ {
		w.list = append(w.list, &worker{name: nodeName(number), number: number})
	}
	return w
}

// startAll starts all of them at the same time.
func (w *workers) startAll(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	errs := make([]error, len(w.list))
	var all sync.WaitGroup
	for i, one := range w.list {
		all.Go(func() { errs[i] = w.start(ctx, one) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// start makes the node's namespaces and waits until Kubernetes finds it ready. What it had in /var/lib is there again, as on a
// disk: images and what kubelet remembers of its pods.
func (w *workers) start(ctx context.Context, one *worker) error {
	if err := os.MkdirAll(filepath.Join(disks, one.name), 0o755); err != nil {
		return err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = read.Close() }()
	cmd := exec.Command("/proc/self/exe", "_init", "1", one.name, "_worker", one.name, strconv.Itoa(len(w.list)+1))
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{write}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: namespaces}
	err = cmd.Start()
	_ = write.Close()
	if err != nil {
		return fmt.Errorf("making the namespaces of %s: %w", one.name, err)
	}
	one.cmd, one.done, one.cut = cmd, make(chan struct{}), false
	go w.watch(one, cmd, one.done)
	if err := ip(ctx,
		fmt.Sprintf("link add %s type veth peer name eth0 netns %d", one.name, cmd.Process.Pid),
		fmt.Sprintf("link set %s master nodes up", one.name),
		fmt.Sprintf("route replace %s via %s", podSubnet(one.number), nodeAddress(one.number)),
	); err != nil {
		return err
	}
	if err := awaitReport(ctx, read, one.name); err != nil {
		return err
	}
	return w.programs.awaitNode(ctx, one.name)
}

// watch ends the cluster when a node ends that nobody stopped.
func (w *workers) watch(one *worker, cmd *exec.Cmd, done chan<- struct{}) {
	err := cmd.Wait()
	close(done)
	w.mu.Lock()
	defer w.mu.Unlock()
	if one.cmd == cmd {
		w.programs.fail(fmt.Errorf("%s ended: %w", one.name, errors.Join(err, errors.New("see its logs"))))
	}
}

// awaitReport waits for the node's last word: "ready", or why it is not.
func awaitReport(ctx context.Context, read *os.File, name string) error {
	if deadline, ok := ctx.Deadline(); ok {
		_ = read.SetReadDeadline(deadline)
	}
	last := "it said nothing"
	scanner := bufio.NewScanner(read)
	for scanner.Scan() {
		last = scanner.Text()
	}
	if last != workerReady || scanner.Err() != nil {
		return errors.Join(fmt.Errorf("%s is not ready: %s", name, last), scanner.Err())
	}
	return nil
}

// stop is a loss of power: the link goes first, so that nobody hears a goodbye.
func (w *workers) stop(ctx context.Context, one *worker) error {
	if err := ip(ctx, "link delete "+one.name); err != nil {
		return err
	}
	cmd := one.cmd
	one.cmd, one.cut = nil, false
	if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending %s: %w", one.name, err)
	}
	select {
	case <-one.done:
		return nil
	case <-time.After(30 * time.Second):
		return fmt.Errorf("%s did not end within 30 s", one.name)
	}
}

// The states of a bridge's port; between them a link stays up on both sides.
const (
	portDisabled   = 0
	portForwarding = 3
)

// connect cuts the node off or heals that: packets are lost in both directions, and no side is told.
func (one *worker) connect(ctx context.Context, cut bool) error {
	state := portForwarding
	if cut {
		state = portDisabled
	}
	if err := ip(ctx, fmt.Sprintf("link set %s type bridge_slave state %d", one.name, state)); err != nil {
		return err
	}
	one.cut = cut
	return nil
}
