package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

func (n *node) prepare(context.Context) error {
	for _, folder := range []string{n.path("pki"), "/run/kube", "/var/lib/kubelet", "/var/lib/etcd"} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
	}
	if err := n.writePKI(n.port); err != nil {
		return fmt.Errorf("making keys and certificates: %w", err)
	}
	if err := n.writeConfigs(); err != nil {
		return fmt.Errorf("writing configurations: %w", err)
	}
	return n.makeCgroups()
}

// network makes the bridge of the pods, whose own address is the node's. It has no way to the outside.
func (n *node) network(ctx context.Context) error {
	for _, args := range [][]string{
		{"link", "set", "lo", "up"},
		{"link", "add", "cni0", "type", "bridge"},
		{"addr", "add", nodeAddress + "/16", "dev", "cni0"},
		{"link", "set", "cni0", "up"},
		// Only to pass the first look-up of a route: kube-proxy's rules then send the packets elsewhere.
		{"route", "add", services, "dev", "cni0"},
	} {
		if output, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, output)
		}
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644)
}

// bridgedFiltering makes packets between pods pass the firewall's rules, without which an answer from a Service's pod would
// not find its way back. Not every kernel can.
func bridgedFiltering() bool {
	return os.WriteFile("/proc/sys/net/bridge/bridge-nf-call-iptables", []byte("1"), 0o644) == nil
}

func (n *node) etcd(ctx context.Context) error {
	// The data is in memory and ends with the cluster, so that waiting for the disk would be in vain.
	err := n.daemon("etcd", "--name=node-1", "--data-dir=/var/lib/etcd/data", "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls=http://127.0.0.1:2379", "--advertise-client-urls=http://127.0.0.1:2379",
		"--listen-peer-urls=http://127.0.0.1:2380", "--initial-advertise-peer-urls=http://127.0.0.1:2380",
		"--initial-cluster=node-1=http://127.0.0.1:2380")
	if err != nil {
		return err
	}
	return n.await(ctx, func(ctx context.Context) error { return get(ctx, http.DefaultClient, "http://127.0.0.1:2379/health") })
}

func (n *node) apiserver(ctx context.Context) error {
	err := n.daemon("kube-apiserver", "--etcd-servers=http://127.0.0.1:2379", "--secure-port="+n.port, "--advertise-address="+nodeAddress,
		"--service-cluster-ip-range="+services, "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true", "--client-ca-file="+n.pki("ca.crt"),
		"--tls-cert-file="+n.pki("apiserver.crt"), "--tls-private-key-file="+n.pki("apiserver.key"),
		"--kubelet-client-certificate="+n.pki("kubelet-client.crt"), "--kubelet-client-key="+n.pki("kubelet-client.key"),
		"--kubelet-preferred-address-types=InternalIP", "--service-account-issuer=https://kubernetes.default.svc."+domain,
		"--service-account-signing-key-file="+n.pki("service-account.key"), "--service-account-key-file="+n.pki("service-account.key"))
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(n.pki("ca.crt"))
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	defer client.CloseIdleConnections()
	return n.await(ctx, func(ctx context.Context) error { return get(ctx, client, "https://127.0.0.1:"+n.port+"/readyz") })
}

// get expects a page.
func get(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	return nil
}

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

func (n *node) kubernetes(ctx context.Context) error {
	proxy := []string{
		"--kubeconfig=" + n.pki("proxy.conf"), "--hostname-override=" + nodeName, "--proxy-mode=iptables",
		"--cluster-cidr=" + podNetwork, "--conntrack-max-per-core=0", "--conntrack-min=0", "--conntrack-tcp-timeout-established=0s",
		"--conntrack-tcp-timeout-close-wait=0s", "--oom-score-adj=0",
	}
	if !bridgedFiltering() {
		proxy = append(proxy, "--masquerade-all")
	}
	manager, scheduler := n.pki("controller-manager.conf"), n.pki("scheduler.conf")
	return errors.Join(
		n.daemon("kube-controller-manager", "--kubeconfig="+manager, "--authentication-kubeconfig="+manager,
			"--authorization-kubeconfig="+manager, "--leader-elect=false", "--use-service-account-credentials",
			"--root-ca-file="+n.pki("ca.crt"), "--service-account-private-key-file="+n.pki("service-account.key"),
			"--bind-address=127.0.0.1"),
		n.daemon("kube-scheduler", "--kubeconfig="+scheduler, "--authentication-kubeconfig="+scheduler,
			"--authorization-kubeconfig="+scheduler, "--leader-elect=false", "--bind-address=127.0.0.1"),
		n.daemon("kubelet", "--config=/run/kube/kubelet.yaml", "--kubeconfig="+n.pki("kubelet.conf"),
			"--hostname-override="+nodeName, "--node-ip="+nodeAddress),
		n.daemon("kube-proxy", proxy...),
		n.await(ctx, func(ctx context.Context) error {
			_, err := n.runTool(ctx, nil, "kubectl", "wait", "--for=condition=Ready", "node/"+nodeName, "--timeout=15s")
			return err
		}))
}

func (n *node) coredns(ctx context.Context) error {
	if err := n.await(ctx, func(ctx context.Context) error {
		_, err := n.runTool(ctx, strings.NewReader(dnsManifest), "kubectl", "apply", "-f", "-")
		return err
	}); err != nil {
		return err
	}
	return n.await(ctx, func(ctx context.Context) error {
		_, err := n.runTool(ctx, nil, "kubectl", "-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=15s")
		return err
	})
}

// resolves asks for a name through the Service of CoreDNS, which shows that kube-proxy works, too.
func (n *node) resolves(ctx context.Context) error {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, network, net.JoinHostPort(dnsService, "53"))
	}}
	return n.await(ctx, func(ctx context.Context) error {
		addresses, err := resolver.LookupHost(ctx, "kubernetes.default.svc."+domain+".")
		if err != nil {
			return err
		}
		if len(addresses) != 1 || addresses[0] != firstService {
			return fmt.Errorf("kubernetes.default resolves to %v, want %s", addresses, firstService)
		}
		return nil
	})
}

// openFiles is the most that kubelet may ask for.
func openFiles() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1024
	}
	return min(limit.Max, 1_000_000)
}
