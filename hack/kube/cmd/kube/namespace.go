package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
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

// inherited takes over such a file, and keeps it from the programs that are started: the reader of the progress waits until
// the last writer has closed it.
func inherited(fd int, name string) *os.File {
	syscall.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), name)
}

// namespaces are what a cluster and each of its nodes has of its own.
const namespaces = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC

// initNamespace is the first process of the namespaces: _init FILES NODE COMMAND... It prepares the mounts, starts the node as a
// child that inherits so many files, and takes on the orphans of containerd until the node ends; the kernel then ends everything else.
func initNamespace(args []string) error {
	if len(args) < 3 || os.Getpid() != 1 {
		return errUsage
	}
	files, err := strconv.Atoi(args[0])
	if err != nil {
		return errUsage
	}
	if err := prepareMounts(args[1]); err != nil {
		return fmt.Errorf("preparing the mounts: %w", err)
	}
	if err := syscall.Sethostname([]byte(args[1])); err != nil {
		return fmt.Errorf("naming the node: %w", err)
	}
	cmd := exec.Command("/proc/self/exe", args[2:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	for file := range files {
		syscall.CloseOnExec(progressFD + file)
		cmd.ExtraFiles = append(cmd.ExtraFiles, os.NewFile(uintptr(progressFD+file), "inherited"))
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the node: %w", err)
	}
	// Only the node uses them.
	for _, file := range cmd.ExtraFiles {
		_ = file.Close()
	}
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

// disks is where the first node keeps what others have in /var/lib, for as long as the cluster runs.
const disks = "/run/kube/disks"

// prepareMounts gives a node its own /proc and its own folders wherever its programs keep state by default. They are empty, but for
// /var/lib of a node that was stopped.
func prepareMounts(node string) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("parting from the host's mounts: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	empty := []string{"/run", "/var/log"}
	if disk := filepath.Join(disks, node); exists(disk) {
		if err := syscall.Mount(disk, "/var/lib", "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("mounting the disk of %s: %w", node, err)
		}
	} else {
		empty = append(empty, "/var/lib")
	}
	for _, folder := range empty {
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
