package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const cgroupRoot = "/sys/fs/cgroup"

// makeCgroup makes a cgroup with its parents. The cluster's own is a parent of all: kubelets put their pods below it, and "down"
// removes it as a whole.
func makeCgroup(elements ...string) error {
	hierarchies, err := filepath.Glob(cgroupRoot + "/*/tasks")
	unified := exists(filepath.Join(cgroupRoot, "cgroup.controllers"))
	if !unified && (err != nil || len(hierarchies) == 0) {
		return errors.Join(errors.New("no cgroup hierarchies are mounted in "+cgroupRoot), err)
	}
	if unified {
		hierarchies = []string{filepath.Join(cgroupRoot, "cgroup.controllers")}
	}
	for _, file := range hierarchies {
		parent := filepath.Dir(file)
		for _, name := range elements {
			folder := filepath.Join(parent, name)
			if err := os.Mkdir(folder, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
				return fmt.Errorf("making the cgroup: %w", err)
			}
			if unified {
				err = errors.Join(handOn(parent), handOn(folder))
			} else {
				err = fillCPUSet(parent, folder)
			}
			if err != nil {
				return fmt.Errorf("setting up the cgroup %s: %w", folder, err)
			}
			parent = folder
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// fillCPUSet is for cgroup v1: a cpuset is empty at first, and then nothing may enter it.
func fillCPUSet(parent, folder string) error {
	for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
		value, err := os.ReadFile(filepath.Join(parent, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err := errors.Join(err, os.WriteFile(filepath.Join(folder, name), value, 0o644)); err != nil {
			return err
		}
	}
	return nil
}

// handOn is for cgroup v2, where a parent hands on its controllers.
func handOn(folder string) error {
	controllers, err := os.ReadFile(filepath.Join(folder, "cgroup.controllers"))
	if err != nil {
		return err
	}
	for controller := range strings.FieldsSeq(string(controllers)) {
		// One that cannot be handed on is missed by kubelet, which names it, if it is needed at all.
		_ = os.WriteFile(filepath.Join(folder, "cgroup.subtree_control"), []byte("+"+controller), 0o644)
	}
	return nil
}
