package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// makeCgroups makes the cluster's own parent cgroup: kubelet puts all pods below it, and "down" removes it as a whole.
func (c *cluster) makeCgroups() error {
	const root = "/sys/fs/cgroup"
	if _, err := os.Stat(filepath.Join(root, "cgroup.controllers")); err == nil {
		return c.makeUnifiedCgroup(root)
	}
	hierarchies, err := filepath.Glob(root + "/*/tasks")
	if err != nil || len(hierarchies) == 0 {
		return errors.Join(errors.New("no cgroup hierarchies are mounted in "+root), err)
	}
	for _, tasks := range hierarchies {
		parent := filepath.Dir(tasks)
		folder := filepath.Join(parent, c.cgroup())
		if err := os.Mkdir(folder, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("making the cgroup: %w", err)
		}
		// A cpuset is empty at first, and then nothing may enter it.
		for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
			value, err := os.ReadFile(filepath.Join(parent, name))
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			if err := errors.Join(err, os.WriteFile(filepath.Join(folder, name), value, 0o644)); err != nil {
				return fmt.Errorf("setting the cgroup's %s: %w", name, err)
			}
		}
	}
	return nil
}

// makeUnifiedCgroup does the same for cgroup v2, where a parent hands on its controllers.
func (c *cluster) makeUnifiedCgroup(root string) error {
	folder := filepath.Join(root, c.cgroup())
	if err := os.Mkdir(folder, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("making the cgroup: %w", err)
	}
	for _, parent := range []string{root, folder} {
		controllers, err := os.ReadFile(filepath.Join(parent, "cgroup.controllers"))
		if err != nil {
			return fmt.Errorf("reading the cgroup's controllers: %w", err)
		}
		for controller := range strings.FieldsSeq(string(controllers)) {
			// One that cannot be handed on is missed by kubelet, which names it, if it is needed at all.
			_ = os.WriteFile(filepath.Join(parent, "cgroup.subtree_control"), []byte("+"+controller), 0o644)
		}
	}
	return nil
}
