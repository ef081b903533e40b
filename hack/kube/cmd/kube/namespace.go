package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
)

// kernelSettings are what kubelet writes for the whole machine, whatever its configuration says.
var kernelSettings = []string{
	"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
}

// What is inherited from the process that started the cluster.
const (
	progressFD = 3 // the writing end of a pipe, for progress
	listenerFD = 4 // a socket of the host's network, for clients of the API
)

// inherit keeps the inherited files from the programs that are started: the reader of the progress waits until the last
// writer has closed it.
func inherit() {
	syscall.CloseOnExec(progressFD)
	syscall.CloseOnExec(listenerFD)
}

// initNamespace is the first process of the namespaces. It prepares the mounts, starts the node as a child, and takes on
// the orphans of containerd until the node ends; the kernel then ends everything else.
func initNamespace(args []string) error {
	if len(args) != 1 || os.Getpid() != 1 {
		return errUsage
	}
	inherit()
	if err := prepareMounts(); err != nil {
		return fmt.Errorf("preparing the mounts: %w", err)
	}
	if err := syscall.Sethostname([]byte(nodeName)); err != nil {
		return fmt.Errorf("naming the node: %w", err)
	}
	cmd := exec.Command("/proc/self/exe", "_node", args[0])
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{os.NewFile(progressFD, "progress"), os.NewFile(listenerFD, "listener")}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the node: %w", err)
	}
	// Only the node uses them.
	_ = cmd.ExtraFiles[0].Close()
	_ = cmd.ExtraFiles[1].Close()
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return fmt.Errorf("waiting for the node: %w", err)
		case pid == cmd.Process.Pid:
			return fmt.Errorf("the node ended with status %d", status.ExitStatus())
		}
	}
}

// prepareMounts gives the node its own /proc and its own, empty folders wherever its programs keep state by default.
func prepareMounts() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("parting from the host's mounts: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	for _, folder := range []string{"/run", "/var/lib", "/var/log"} {
		if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "mode=755"); err != nil {
			return fmt.Errorf("mounting %s: %w", folder, err)
		}
	}
	for _, setting := range kernelSettings {
		if err := shield(setting); err != nil {
			return fmt.Errorf("shielding the host's %s: %w", setting, err)
		}
	}
	// kubelet expects mounts that propagate, as systemd makes them; here they do so within the namespace.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SHARED, ""); err != nil {
		return fmt.Errorf("sharing mounts with the pods: %w", err)
	}
	return nil
}

// shield puts a file in the place of a setting of the kernel, so that writing it changes nothing.
func shield(setting string) error {
	path := "/proc/sys/" + setting
	value, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	copied := "/run/sysctl/" + setting
	if err := os.MkdirAll(filepath.Dir(copied), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(copied, value, 0o644); err != nil {
		return err
	}
	return syscall.Mount(copied, path, "", syscall.MS_BIND, "")
}
