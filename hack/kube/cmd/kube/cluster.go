package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// cluster is one named cluster of this machine, running or not.
type cluster struct {
	name string
	bin  string // folder of the built programs
	dir  string // folder of what the host sees of the cluster: kubeconfig, logs, keys
}

// process tells a process from a later one with the same id, and how many nodes were made.
type process struct {
	PID   int    `json:"pid"`
	Start string `json:"start"` // clock ticks since boot
	Nodes int    `json:"nodes"`
}

func newCluster() (*cluster, error) {
	name := os.Getenv("KUBE_NAME")
	if name == "" {
		name = "default"
	}
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,30}$`).MatchString(name) {
		return nil, fmt.Errorf("KUBE_NAME=%q: want at most 31 lower-case letters, digits and hyphens", name)
	}
	state := os.Getenv("XDG_STATE_HOME")
	if state == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, fmt.Errorf("finding a folder for the cluster: %w", err)
		}
		state = filepath.Join(home, ".local", "state")
	}
	return &cluster{name: name, bin: os.Getenv("KUBE_BIN"), dir: filepath.Join(state, "starling", "kube", name)}, nil
}

func (c *cluster) path(elements ...string) string {
	return filepath.Join(append([]string{c.dir}, elements...)...)
}

func (c *cluster) program(name string) string { return filepath.Join(c.bin, name) }
func (c *cluster) kubeconfig() string         { return c.path("kubeconfig") }

// cgroup is the parent of all cgroups of the cluster's pods.
func (c *cluster) cgroup() string { return "starling-kube-" + c.name }

// lock keeps others from starting or ending this cluster until the returned file is closed. The file outlives the cluster's
// folder, or two could hold a lock each.
func (c *cluster) lock() (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(c.dir), 0o700); err != nil {
		return nil, fmt.Errorf("making the cluster's folder: %w", err)
	}
	file, err := os.OpenFile(c.dir+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the cluster's lock: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
		return file, nil
	}
	progress("Waiting for another command on the cluster %q", c.name)
	for {
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); !errors.Is(err, syscall.EINTR) {
			return file, err
		}
	}
}

func (c *cluster) remember(pid, nodes int) error {
	start, err := startOf(pid)
	if err != nil {
		return fmt.Errorf("the namespaces' first process ended at once: %w", err)
	}
	text, err := json.Marshal(process{PID: pid, Start: start, Nodes: nodes})
	if err != nil {
		return err
	}
	return os.WriteFile(c.path("init.json"), text, 0o600)
}

// init returns the process id of the namespaces' first process, or 0 where the cluster does not run.
func (c *cluster) init() int { return c.process().PID }

// nodes is how many the running cluster was started with.
func (c *cluster) nodes() int { return c.process().Nodes }

// process is the zero value where the cluster does not run.
func (c *cluster) process() process {
	var p process
	text, err := os.ReadFile(c.path("init.json"))
	if err != nil || json.Unmarshal(text, &p) != nil {
		return process{}
	}
	if start, err := startOf(p.PID); err != nil || start != p.Start {
		return process{}
	}
	return p
}

// running is init, with an error where the cluster does not run.
func (c *cluster) running() (int, error) {
	pid := c.init()
	if pid != 0 && c.ready() {
		return pid, nil
	}
	err := fmt.Errorf("the cluster %q is not up; start it with: hack/kube/kube.sh up", c.name)
	if text, _ := os.ReadFile(c.path("logs", "node.log")); len(text) > 0 {
		err = fmt.Errorf("%w (the last one ended by itself: %s; its logs are in %s)", err, strings.TrimSpace(string(text)), c.path("logs"))
	}
	return 0, err
}

func (c *cluster) ready() bool {
	_, err := os.Stat(c.path("ready"))
	return err == nil
}

// startOf returns when a living process started, in the kernel's clock ticks.
func startOf(pid int) (string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	// The name in parentheses may hold spaces; the state comes right after it, the start 19 fields later.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return "", fmt.Errorf("process %d has ended", pid)
	}
	return fields[19], nil
}

// progress tells what is being done, on standard error: standard output is for results.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
