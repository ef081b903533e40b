package main

import (
	"fmt"
	"regexp"
	"strconv"
)

// Addresses exist only in the cluster's own network namespaces, so that they collide with nothing of the host. Node n has
// 10.245.0.n, and its pods are in 10.244.n.0/24.
const (
	podNetwork   = "10.244.0.0/16"
	nodeBits     = "/24"
	services     = "10.96.0.0/16"
	firstService = "10.96.0.1"
	dnsService   = "10.96.0.10"
	domain       = "cluster.local"
)

// mostNodes is what a machine of some cores can bear, each with a containerd and a kubelet of its own.
const mostNodes = 9

// controlNode runs the control plane too, in the cluster's outer namespaces.
const controlNode = 1

func nodeName(number int) string    { return "node-" + strconv.Itoa(number) }
func nodeAddress(number int) string { return fmt.Sprintf("10.245.0.%d", number) }
func podSubnet(number int) string   { return fmt.Sprintf("10.244.%d.0/24", number) }
func podGateway(number int) string  { return fmt.Sprintf("10.244.%d.1", number) }

// nodeNumber reads a node's name.
func nodeNumber(name string, nodes int) (int, error) {
	if match := regexp.MustCompile(`^node-([1-9])$`).FindStringSubmatch(name); match != nil {
		if number, _ := strconv.Atoi(match[1]); number <= nodes {
			return number, nil
		}
	}
	return 0, fmt.Errorf("there is no node %q: the cluster has node-1 to node-%d", name, nodes)
}

// nodesWanted reads KUBE_NODES; 0 means that it says nothing.
func nodesWanted(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	nodes, err := strconv.Atoi(text)
	if err != nil || nodes < 1 || nodes > mostNodes {
		return 0, fmt.Errorf("KUBE_NODES=%q: want a number from 1 to %d", text, mostNodes)
	}
	return nodes, nil
}
