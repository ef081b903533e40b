package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Addresses exist only in the cluster's own network namespace, so that they collide with nothing of the host.
const (
	nodeName     = "node-1"
	nodeAddress  = "10.244.0.1"
	podNetwork   = "10.244.0.0/16"
	services     = "10.96.0.0/16"
	firstService = "10.96.0.1"
	dnsService   = "10.96.0.10"
	domain       = "cluster.local"
)

// node starts the programs of the cluster and watches over them.
type node struct {
	*cluster
	port   string // of the API server, in the namespace and on the host alike: one kubeconfig serves both
	report io.Writer
	ended  chan error
}

// runNode brings everything up, tells that through the inherited pipe, and returns when one of the programs ends: half a
// cluster would only make tests fail in ways that are hard to explain.
func runNode(c *cluster, args []string) error {
	if len(args) != 1 {
		return errUsage
	}
	inherit()
	report := os.NewFile(progressFD, "progress")
	n := &node{cluster: c, port: args[0], report: report, ended: make(chan error, 1)}
	listener, err := net.FileListener(os.NewFile(listenerFD, "listener"))
	if err != nil {
		return fmt.Errorf("taking over the listener: %w", err)
	}
	start := time.Now()
	if err := n.bringUp(); err != nil {
		n.say("FAILED: %v", err)
		n.describe()
		return err
	}
	if err := os.WriteFile(n.path("ready"), nil, 0o600); err != nil {
		return err
	}
	n.say("The cluster %q is up after %.0f s", c.name, time.Since(start).Seconds())
	_ = report.Close()
	go forwardAll(listener, net.JoinHostPort("127.0.0.1", n.port))
	err = <-n.ended
	_ = os.Remove(n.path("ready"))
	return fmt.Errorf("ending the cluster: %w", err)
}

// step is a part of the start with a deadline of its own.
type step struct {
	what   string
	within time.Duration
	do     func(context.Context) error
}

func (n *node) bringUp() error {
	for _, s := range []step{
		{"folders, keys and cgroups", 30 * time.Second, n.prepare},
		{"network", 30 * time.Second, n.network},
		{"etcd", 2 * time.Minute, n.etcd},
		{"kube-apiserver", 4 * time.Minute, n.apiserver},
		{"containerd, with the images of its own", 3 * time.Minute, n.containerd},
		{"kubelet and the controllers", 3 * time.Minute, n.kubernetes},
		{"CoreDNS", 3 * time.Minute, n.coredns},
		{"names of Services", time.Minute, n.resolves},
	} {
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
		n.say("  %-40s %3.0f s", s.what, time.Since(start).Seconds())
	}
	return nil
}

// say reports progress. Nobody may be listening any more, which is no reason to end.
func (n *node) say(format string, args ...any) { _, _ = fmt.Fprintf(n.report, format+"\n", args...) }

// daemon starts a program that is to run as long as the cluster does.
func (n *node) daemon(name string, args ...string) error {
	log, err := os.Create(n.path("logs", name+".log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd := n.command(context.Background(), name, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	go func() {
		err := cmd.Wait()
		select {
		case n.ended <- fmt.Errorf("%s ended: %w", name, errors.Join(err, errors.New("see its log"))):
		default:
		}
	}()
	return nil
}

// command prepares one of the built programs. They find each other, runc and iptables by PATH.
func (n *node) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, n.program(name), args...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "PATH="+n.bin+":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "KUBECONFIG="+n.kubeconfig())
	return cmd
}

// runTool runs one of the built programs to its end, with its output in the error.
func (n *node) runTool(ctx context.Context, stdin io.Reader, name string, args ...string) (string, error) {
	cmd := n.command(ctx, name, args...)
	cmd.Stdin = stdin
	output, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(output)))
	}
	return string(output), nil
}

// await tries until a try succeeds, the step's time is over or one of the programs ends.
func (n *node) await(ctx context.Context, try func(context.Context) error) error {
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
		case err := <-n.ended:
			return err
		case <-ctx.Done():
			return last
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// describe adds to a failed start's logs what the API knows.
func (n *node) describe() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, args := range [][]string{
		{"get", "nodes,pods", "-A", "-o", "wide"}, {"get", "events", "-A"}, {"describe", "pods", "-n", "kube-system"},
	} {
		output, err := n.runTool(ctx, nil, "kubectl", append(args, "--request-timeout=8s")...)
		if err != nil {
			fmt.Println("The API does not answer:", err)
			return
		}
		fmt.Printf("--- kubectl %s\n%s\n", strings.Join(args, " "), output)
	}
}
