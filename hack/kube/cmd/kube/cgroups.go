package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
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

// processorTimes is how much processor time all pods together get where others want it, compared with one process: a cgroup counts as
// one, and a busy machine would starve the pods, whose gateways then seem dead to each other.
const processorTimes = 16

// weigh gives the cluster's cgroup its part of the processors. Where that cannot be set, it is as good as any process.
func (c *cluster) weigh() {
	for _, folder := range c.cgroupFolders() {
		for name, one := range map[string]int{"cpu.shares": 1024, "cpu.weight": 100} {
			if file := filepath.Join(folder, name); exists(file) {
				_ = os.WriteFile(file, []byte(strconv.Itoa(processorTimes*one)), 0o644)
			}
		}
	}
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
