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
	"strings"
)

func (k *control) prepare(context.Context) error {
	for _, folder := range []string{k.path("pki"), "/var/lib/etcd"} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
	}
	if err := k.writePKI(k.port, k.nodes); err != nil {
		return fmt.Errorf("making keys and certificates: %w", err)
	}
	if err := k.prepareNode(); err != nil {
		return err
	}
	k.weigh()
	return nil
}

// network makes the bridge of the nodes, and that of this node's pods. It has no way to the outside.
func (k *control) network(ctx context.Context) error {
	if err := k.podBridge(ctx); err != nil {
		return err
	}
	return ip(ctx, "link add nodes type bridge", "addr add "+nodeAddress(controlNode)+nodeBits+" dev nodes", "link set nodes up")
}

func (k *control) etcd(ctx context.Context) error {
	// The data is in memory and ends with the cluster, so that waiting for the disk would be in vain.
	err := k.daemon("etcd", "--name=node-1", "--data-dir=/var/lib/etcd/data", "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls=http://127.0.0.1:2379", "--advertise-client-urls=http://127.0.0.1:2379",
		"--listen-peer-urls=http://127.0.0.1:2380", "--initial-advertise-peer-urls=http://127.0.0.1:2380",
		"--initial-cluster=node-1=http://127.0.0.1:2380")
	if err != nil {
		return err
	}
	return k.await(ctx, func(ctx context.Context) error { return get(ctx, http.DefaultClient, "http://127.0.0.1:2379/health") })
}

func (k *control) apiserver(ctx context.Context) error {
	err := k.daemon("kube-apiserver", "--etcd-servers=http://127.0.0.1:2379", "--secure-port="+k.port, "--advertise-address="+nodeAddress(controlNode),
		"--service-cluster-ip-range="+services, "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true", "--client-ca-file="+k.pki("ca.crt"),
		"--tls-cert-file="+k.pki("apiserver.crt"), "--tls-private-key-file="+k.pki("apiserver.key"),
		"--kubelet-client-certificate="+k.pki("kubelet-client.crt"), "--kubelet-client-key="+k.pki("kubelet-client.key"),
		"--kubelet-preferred-address-types=InternalIP", "--service-account-issuer=https://kubernetes.default.svc."+domain,
		"--service-account-signing-key-file="+k.pki("service-account.key"), "--service-account-key-file="+k.pki("service-account.key"))
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(k.pki("ca.crt"))
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	defer client.CloseIdleConnections()
	return k.await(ctx, func(ctx context.Context) error { return get(ctx, client, "https://127.0.0.1:"+k.port+"/readyz") })
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

// kubernetes starts the controllers and this node's own kubelet.
func (k *control) kubernetes(ctx context.Context) error {
	manager, scheduler := k.pki("controller-manager.conf"), k.pki("scheduler.conf")
	return errors.Join(
		k.daemon("kube-controller-manager", "--kubeconfig="+manager, "--authentication-kubeconfig="+manager,
			"--authorization-kubeconfig="+manager, "--leader-elect=false", "--use-service-account-credentials",
			"--root-ca-file="+k.pki("ca.crt"), "--service-account-private-key-file="+k.pki("service-account.key"),
			"--bind-address=127.0.0.1"),
		k.daemon("kube-scheduler", "--kubeconfig="+scheduler, "--authentication-kubeconfig="+scheduler,
			"--authorization-kubeconfig="+scheduler, "--leader-elect=false", "--bind-address=127.0.0.1"),
		k.kubelet(ctx),
		k.awaitNode(ctx, k.name()))
}

func (k *control) coredns(ctx context.Context) error {
	if err := k.await(ctx, func(ctx context.Context) error {
		_, err := k.runTool(ctx, strings.NewReader(dnsManifest), "kubectl", "apply", "-f", "-")
		return err
	}); err != nil {
		return err
	}
	return k.await(ctx, func(ctx context.Context) error {
		_, err := k.runTool(ctx, nil, "kubectl", "-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=15s")
		return err
	})
}

// resolves asks for a name through the Service of CoreDNS, which shows that kube-proxy works, too.
func (k *control) resolves(ctx context.Context) error {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, network, net.JoinHostPort(dnsService, "53"))
	}}
	return k.await(ctx, func(ctx context.Context) error {
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
