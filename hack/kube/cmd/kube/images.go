package main

import (
	"fmt"
	"io"
	"os"
)

// load imports archives of images into every node: nothing is pulled or pushed.
func (c *cluster) load(args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	for _, tarball := range args {
		file, err := os.Open(tarball)
		if err != nil {
			return err
		}
		err = c.eachContainerd(file, "images", "import", "-")
		_ = file.Close()
		if err != nil {
			return fmt.Errorf("importing %s: %w", tarball, err)
		}
	}
	return nil
}

// tag gives an image another name, on every node.
func (c *cluster) tag(args []string) error {
	if len(args) != 2 {
		return errUsage
	}
	return c.eachContainerd(nil, "images", "tag", "--force", args[0], args[1])
}

// eachContainerd runs a command of containerd's client for every node that runs, each with the whole input.
func (c *cluster) eachContainerd(input io.ReadSeeker, args ...string) error {
	nodes, err := c.allNodes()
	if err != nil {
		return err
	}
	for _, one := range nodes {
		if one.PID == 0 {
			progress("%s is stopped and left out", one.Name)
			continue
		}
		cmd, err := c.ctrCommand(one.Name, args...)
		if err != nil {
			return err
		}
		if input != nil {
			if _, err := input.Seek(0, io.SeekStart); err != nil {
				return err
			}
			cmd.Stdin = input
		}
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w", one.Name, err)
		}
	}
	return nil
}

// ctr runs containerd's client for the first node.
func (c *cluster) ctr(args []string) error {
	cmd, err := c.ctrCommand(nodeName(controlNode), args...)
	if err != nil {
		return err
	}
	return attached(cmd)
}
