// Command kube runs a real Kubernetes of one node on this machine, for tests and demonstrations.
//
// Everything runs in PID, mount, network, UTS and IPC namespaces of its own. When their first process ends, the kernel ends
// all others and forgets the mounts, the bridge and the firewall rules; only cgroups have to be removed by hand, which
// "down" does and the next "up", too. The host's network, mounts, folders and sysctls are not touched.
//
// It needs Linux and root. ../../README.md tells more.
package main
