package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
)

// node is what each node has: pods' bridge, containerd, kubelet and kube-proxy.
type node struct {
	*programs
	number int
	nodes  int // of the cluster
}

func (n *node) name() string { return nodeName(n.number) }

func (n *node) prepareNode() error {
	for _, folder := range []string{n.logs, "/run/kube", "/var/lib/kubelet"} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
	}
	if err := n.writeConfigs(); err != nil {
		return fmt.Errorf("writing configurations: %w", err)
	}
	return makeCgroup(n.cgroup(), nodeName(n.number))
}

// podBridge makes the bridge of the node's pods.
func (n *node) podBridge(ctx context.Context) error {
	if err := ip(ctx,
		"link set lo up",
		"link add cni0 type bridge",
		"addr add "+podGateway(n.number)+nodeBits+" dev cni0",
		"link set cni0 up",
		// Only to pass the first look-up of a route: kube-proxy's rules then send the packets elsewhere.
		"route add "+services+" dev cni0",
	); err != nil {
		return err
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644)
}

// bridgedFiltering makes packets between pods pass the firewall's rules, without which an answer from a Service's pod would
// not find its way back. Not every kernel can.
func bridgedFiltering() bool {
	return os.WriteFile("/proc/sys/net/bridge/bridge-nf-call-iptables", []byte("1"), 0o644) == nil
}

// containerd starts it. The images are those of the cluster's own programs that this node may run.
func (n *node) containerd(ctx context.Context) error {
	if err := n.daemon("containerd", "--config=/run/kube/containerd.toml"); err != nil {
		return err
	}
	if err := n.await(ctx, func(ctx context.Context) error {
		_, err := n.runTool(ctx, nil, "ctr", "version")
		return err
	}); err != nil {
		return err
	}
	for _, own := range []struct{ ref, program string }{{pauseImage, "pause"}, {dnsImage, "coredns"}} {
		if own.ref == dnsImage && n.number != controlNode {
			continue
		}
		tarball := "/run/kube/" + own.program + ".tar"
		if err := writeImage(tarball, own.ref, []string{n.program(own.program)}); err != nil {
			return fmt.Errorf("making the image %s: %w", own.ref, err)
		}
		if _, err := n.runTool(ctx, nil, "ctr", "--namespace=k8s.io", "images", "import", tarball); err != nil {
			return err
		}
		if err := os.Remove(tarball); err != nil {
			return err
		}
	}
	return nil
}

// kubelet starts it and kube-proxy.
func (n *node) kubelet(ctx context.Context) error {
	proxy := []string{
		"--kubeconfig=" + n.pki("proxy.conf"), "--hostname-override=" + n.name(), "--proxy-mode=iptables",
		"--cluster-cidr=" + podNetwork, "--conntrack-max-per-core=0", "--conntrack-min=0", "--conntrack-tcp-timeout-established=0s",
		"--conntrack-tcp-timeout-close-wait=0s", "--oom-score-adj=0",
	}
	if !bridgedFiltering() {
		proxy = append(proxy, "--masquerade-all")
	}
	return errors.Join(
		n.daemon("kubelet", "--config=/run/kube/kubelet.yaml", "--kubeconfig="+n.pki(n.name()+".conf"),
			"--hostname-override="+n.name(), "--node-ip="+nodeAddress(n.number)),
		n.daemon("kube-proxy", proxy...),
		n.await(ctx, func(ctx context.Context) error { return get(ctx, http.DefaultClient, "http://127.0.0.1:10248/healthz") }))
}
