package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// The images that a cluster cannot do without are made from the built programs: nothing is ever pulled.
const (
	pauseImage = "localhost/starling-kube/pause:built"
	dnsImage   = "localhost/starling-kube/coredns:built"
)

var (
	//go:embed config/containerd.toml
	containerdConfig string
	//go:embed config/kubelet.yaml
	kubeletConfig string
	//go:embed config/cni.json
	cniConfig string
	//go:embed config/coredns.yaml
	dnsManifest string
)

func (n *node) writeConfigs() error {
	runc, err := exec.LookPath("runc")
	if err != nil {
		return fmt.Errorf("finding runc: %w", err)
	}
	replace := strings.NewReplacer(
		"@BIN@", n.bin, "@RUNC@", runc, "@CA@", n.pki("ca.crt"), "@CGROUP@", "/"+n.cgroup()+"/"+n.name(),
		"@FILES@", strconv.FormatUint(openFiles(), 10), "@RESERVED@", strconv.FormatUint(n.reserved(), 10),
		"@SUBNET@", podSubnet(n.number), "@GATEWAY@", podGateway(n.number))
	if err := os.MkdirAll("/run/kube/cni", 0o755); err != nil {
		return err
	}
	for path, text := range map[string]string{
		"/run/kube/containerd.toml":        containerdConfig,
		"/run/kube/kubelet.yaml":           kubeletConfig,
		"/run/kube/cni/10-bridge.conflist": cniConfig,
		// Pods that want the node's own resolver get one that knows nothing: there is no way to the outside.
		"/run/kube/resolv.conf": "nameserver 127.0.0.1\n",
	} {
		if err := os.WriteFile(path, []byte(replace.Replace(text)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// reserved is the memory in bytes that the node's pods may not have, of what kubelet takes to be the node's and is the machine's:
// all nodes' pods together get three quarters of it.
func (n *node) reserved() uint64 {
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err != nil {
		return 0
	}
	total := info.Totalram * uint64(info.Unit)
	return total - total/4*3/uint64(n.nodes)
}

// openFiles is the most that kubelet may ask for.
func openFiles() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1024
	}
	return min(limit.Max, 1_000_000)
}
