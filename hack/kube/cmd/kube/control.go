package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// control is the cluster's first node: it runs the control plane, too, and makes the other nodes.
type control struct {
	*node
	port string // of the API server, in the namespace and on the host alike: one kubeconfig serves both
	*workers
	exposed exposed
}

// runControl brings everything up, tells that through the inherited pipe, and returns when one of the programs ends: half a
// cluster would only make tests fail in ways that are hard to explain.
func runControl(c *cluster, args []string) error {
	if len(args) != 2 {
		return errUsage
	}
	nodes, err := strconv.Atoi(args[1])
	if err != nil {
		return fmt.Errorf("number of nodes %q: %w", args[1], errUsage)
	}
	report := inherited(progressFD, "progress")
	n := &node{programs: newPrograms(c, c.path("logs"), report), number: controlNode, nodes: nodes}
	k := &control{node: n, port: args[0], workers: newWorkers(n.programs, nodes), exposed: exposed{}}
	listener, err := net.FileListener(inherited(listenerFD, "listener"))
	if err != nil {
		return fmt.Errorf("taking over the listener: %w", err)
	}
	start := time.Now()
	if err := k.bringUp(); err != nil {
		k.say("FAILED: %v", err)
		k.describe()
		return err
	}
	if err := os.WriteFile(k.path("ready"), nil, 0o600); err != nil {
		return err
	}
	k.say("The cluster %q is up after %.0f s", c.name, time.Since(start).Seconds())
	_ = report.Close()
	go forwardAll(listener, func() string { return net.JoinHostPort("127.0.0.1", k.port) })
	err = <-k.ended
	_ = os.Remove(k.path("ready"))
	return fmt.Errorf("ending the cluster: %w", err)
}

func (k *control) bringUp() error {
	steps := []step{
		{"folders, keys and cgroups", 30 * time.Second, k.prepare},
		{"network", 30 * time.Second, k.network},
		{"etcd", 2 * time.Minute, k.etcd},
		{"kube-apiserver", 4 * time.Minute, k.apiserver},
		{"containerd, with the images of its own", 3 * time.Minute, k.containerd},
		{"kubelet and the controllers", 3 * time.Minute, k.kubernetes},
		{"CoreDNS", 3 * time.Minute, k.coredns},
		{"names of Services", time.Minute, k.resolves},
	}
	if k.nodes > 1 {
		steps = append(steps, step{"other nodes", 5 * time.Minute, k.startAll})
	}
	return k.take(append(steps, step{"commands on nodes", 10 * time.Second, k.listen}))
}

// describe adds to a failed start's logs what the API knows.
func (k *control) describe() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, args := range [][]string{
		{"get", "nodes,pods", "-A", "-o", "wide"}, {"get", "events", "-A"}, {"describe", "pods", "-n", "kube-system"},
	} {
		output, err := k.runTool(ctx, nil, "kubectl", append(args, "--request-timeout=8s")...)
		if err != nil {
			fmt.Println("The API does not answer:", err)
			return
		}
		fmt.Printf("--- kubectl %s\n%s\n", strings.Join(args, " "), output)
	}
}
