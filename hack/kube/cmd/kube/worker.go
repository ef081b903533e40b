package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"
)

// workerReady is what a worker reports last when it is.
const workerReady = "ready"

// runWorker is a node beside the first, in its own namespaces. It returns when one of its programs ends.
func runWorker(c *cluster, args []string) error {
	if len(args) != 2 {
		return errUsage
	}
	nodes, err := strconv.Atoi(args[1])
	if err != nil {
		return fmt.Errorf("number of nodes %q: %w", args[1], errUsage)
	}
	number, err := nodeNumber(args[0], nodes)
	if err != nil {
		return err
	}
	report := inherited(progressFD, "progress")
	n := &node{programs: newPrograms(c, c.path("logs", args[0]), report), number: number, nodes: nodes}
	if err := n.take([]step{
		{"folders and cgroups", 30 * time.Second, func(context.Context) error { return n.prepareNode() }},
		{"network", 30 * time.Second, n.workerNetwork},
		{"containerd", 3 * time.Minute, n.containerd},
		{"kubelet", 4 * time.Minute, n.kubelet},
	}); err != nil {
		n.say("%v", err)
		return err
	}
	n.say(workerReady)
	_ = report.Close()
	return <-n.ended
}

// workerNetwork waits for the link that the first node puts into this network namespace. What is not of this node's pods goes there.
func (n *node) workerNetwork(ctx context.Context) error {
	if err := n.podBridge(ctx); err != nil {
		return err
	}
	if err := n.await(ctx, func(context.Context) error {
		_, err := net.InterfaceByName("eth0")
		return err
	}); err != nil {
		return err
	}
	if err := ip(ctx, "addr add "+nodeAddress(n.number)+nodeBits+" dev eth0", "link set eth0 up"); err != nil {
		return err
	}
	for other := controlNode; other <= n.nodes; other++ {
		if other == n.number {
			continue
		}
		if err := ip(ctx, "route add "+podSubnet(other)+" via "+nodeAddress(other)); err != nil {
			return err
		}
	}
	return nil
}
