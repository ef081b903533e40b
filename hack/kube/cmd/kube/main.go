package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
)

const usage = `usage: hack/kube/kube.sh COMMAND

  up                       start the cluster, wait until it works, and print the path of its kubeconfig
  down                     end it, and leave nothing behind
  status                   show whether it runs, and its nodes and pods
  run -- COMMAND...        up, run the command with KUBECONFIG set, and down, however the command ended
  exec -- COMMAND...       run a command in the cluster's network, where pods and Services can be reached
  forward ADDRESS TARGET   listen on the host's ADDRESS and connect to TARGET in the cluster's network
  expose ADDRESS TARGET    the same for as long as the cluster runs, without waiting; again, to change the target
  load TARBALL...          make images of a docker or OCI archive known to all nodes
  tag IMAGE NEW            give an image another name, on all nodes
  image TARBALL REF FILE[:PATH]...
                           write an image of these files alone; the first is the entry point
  node list                show the nodes, their addresses, and whether they are running, cut or stopped
  node stop|start NAME     take a node's power away, or give it back: its disk is kept
  node cut|heal NAME       lose all packets to and from a node, or no more
  node ctr NAME ARGS...    containerd's own client, for the node's images and containers: tasks kill -s SIGKILL ID
  ctr ARGS...              the same for node-1
  logs [NAME]              print the logs of the node's programs

KUBE_NAME tells several clusters apart (default: "default"). KUBE_NODES is how many nodes up and run start (default: 1). With KUBECONFIG set, up and run use that cluster.
`

// errUsage is returned where the command line is wrong.
var errUsage = errors.New("wrong arguments")

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	// A child that is to end with this process ends, to the kernel, with the thread that started it.
	runtime.LockOSThread()
	err := command(os.Args[1], os.Args[2:])
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.Is(err, errUsage):
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	case errors.As(err, &exit) && exit.ExitCode() > 0 && slices.Contains([]string{"run", "exec", "ctr", "node"}, os.Args[1]):
		os.Exit(exit.ExitCode())
	default:
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func command(name string, args []string) error {
	c, err := newCluster()
	if err != nil {
		return err
	}
	switch name {
	case "up":
		return c.up()
	case "down":
		return c.down()
	case "status":
		return c.status()
	case "run":
		return c.run(args)
	case "exec":
		return c.exec(args)
	case "forward":
		return c.forward(args)
	case "expose":
		return c.expose(args)
	case "load":
		return c.load(args)
	case "ctr":
		return c.ctr(args)
	case "tag":
		return c.tag(args)
	case "node":
		return c.nodeCommand(args)
	case "image":
		return image(args)
	case "logs":
		return c.logs(args)
	case "_init":
		return initNamespace(args)
	case "_control":
		return runControl(c, args)
	case "_worker":
		return runWorker(c, args)
	case "_forward":
		return forwardInside(args)
	}
	return fmt.Errorf("command %q: %w", name, errUsage)
}
