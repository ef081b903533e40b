package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// down ends the cluster and removes what it left.
func (c *cluster) down() error {
	lock, err := c.lock()
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	was := c.init() != 0
	if err := c.reap(); err != nil {
		return fmt.Errorf("ending the cluster: %w", err)
	}
	if was {
		progress("The cluster %q is down", c.name)
	} else {
		progress("The cluster %q was not up", c.name)
	}
	return nil
}

// reap ends a run, whole or half dead, and removes its cgroups and its folder.
func (c *cluster) reap() error {
	if pid := c.init(); pid != 0 {
		// It is the first of its PID namespace: with it the kernel ends all others there.
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("ending process %d: %w", pid, err)
		}
		if !eventually(30*time.Second, func() bool { return c.init() == 0 }) {
			return fmt.Errorf("process %d did not end within 30 s", pid)
		}
	}
	if err := c.removeCgroups(); err != nil {
		return err
	}
	return os.RemoveAll(c.dir)
}

// removeCgroups removes the cluster's cgroups from every hierarchy, the deepest first. The kernel refuses for a moment after
// their last process has ended.
func (c *cluster) removeCgroups() error {
	var last error
	removed := eventually(30*time.Second, func() bool {
		last = nil
		for _, top := range c.cgroupFolders() {
			var folders []string
			_ = filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
				if err == nil && entry.IsDir() {
					folders = append(folders, path)
				}
				return nil
			})
			for _, folder := range slices.Backward(folders) {
				if err := syscall.Rmdir(folder); err != nil && !errors.Is(err, syscall.ENOENT) {
					last = fmt.Errorf("removing the cgroup %s: %w", folder, err)
				}
			}
		}
		return last == nil
	})
	if !removed {
		return last
	}
	return nil
}

// cgroupFolders returns the cluster's folder in every hierarchy that has one.
func (c *cluster) cgroupFolders() []string {
	var found []string
	for _, pattern := range []string{"/sys/fs/cgroup/*/", "/sys/fs/cgroup/"} {
		matches, _ := filepath.Glob(pattern + c.cgroup())
		found = append(found, matches...)
	}
	return found
}

// eventually tells whether a condition came true within a time.
func eventually(within time.Duration, condition func() bool) bool {
	for end := time.Now().Add(within); ; time.Sleep(50 * time.Millisecond) {
		if condition() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}
