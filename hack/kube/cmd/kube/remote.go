package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"time"
)

// The first node takes commands on nodes on a socket, in its own /run, which ends with it.
const commandSocket = "/run/kube/commands.sock"

// commandTimeout bounds one command: starting a node takes longest.
const commandTimeout = 5 * time.Minute

type request struct {
	Command string `json:"command"` // list, stop, start, cut, heal or expose
	Node    string `json:"node,omitempty"`
	// Address and Target are those of "expose".
	Address string `json:"address,omitempty"`
	Target  string `json:"target,omitempty"`
}

type response struct {
	Error string       `json:"error,omitempty"`
	Nodes []nodeStatus `json:"nodes"`
	// NeedsListener asks for the socket, which only a process of the host's network can open.
	NeedsListener bool `json:"needsListener,omitempty"`
}

// nodeStatus is one line of "node list".
type nodeStatus struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	State   string `json:"state"` // running, cut or stopped
	PID     int    `json:"pid"`   // of its first process, in the cluster's PID namespace; 0 while it is stopped
}

// listen serves the commands as long as the cluster runs.
func (k *control) listen(context.Context) error {
	listener, err := net.Listen("unix", commandSocket)
	if err != nil {
		return fmt.Errorf("listening for commands: %w", err)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				k.fail(fmt.Errorf("accepting commands: %w", err))
				return
			}
			go k.serve(conn.(*net.UnixConn))
		}
	}()
	return nil
}

// serve answers one request, which is one message: a socket may come with it.
func (k *control) serve(conn *net.UnixConn) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(2 * commandTimeout))
	asked, listener, err := receive(conn)
	if err != nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var answer response
	if asked.Command == "expose" {
		answer.NeedsListener = !k.exposed.set(asked.Address, asked.Target, listener)
	} else if err := k.do(asked); err != nil {
		answer.Error = err.Error()
	}
	answer.Nodes = k.statuses()
	_ = json.NewEncoder(conn).Encode(answer)
}

func (k *control) statuses() []nodeStatus {
	found := []nodeStatus{{nodeName(controlNode), nodeAddress(controlNode), "running", 1}}
	for _, one := range k.list {
		status := nodeStatus{Name: one.name, Address: nodeAddress(one.number), State: "stopped"}
		if one.cmd != nil {
			status.State, status.PID = "running", one.cmd.Process.Pid
		}
		if one.cut {
			status.State = "cut"
		}
		found = append(found, status)
	}
	return found
}

// do carries out a command. What is so already is no error.
func (k *control) do(asked request) error {
	if asked.Command == "list" {
		return nil
	}
	number, err := nodeNumber(asked.Node, k.nodes)
	if err != nil {
		return err
	}
	if number == controlNode {
		return errors.New("node-1 runs the control plane and the way in: choose another, of a cluster that was started with KUBE_NODES")
	}
	one := k.list[number-controlNode-1]
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	switch {
	case asked.Command == "start" && one.cmd == nil:
		return k.start(ctx, one)
	case asked.Command == "stop" && one.cmd != nil:
		return k.stop(ctx, one)
	case (asked.Command == "cut" || asked.Command == "heal") && one.cmd == nil:
		return fmt.Errorf("%s is stopped", one.name)
	case asked.Command == "cut" || asked.Command == "heal":
		return one.connect(ctx, asked.Command == "cut")
	}
	return nil
}

// ask sends a command to the running cluster, with a file or nil.
func (c *cluster) ask(asked request, file *os.File) (response, error) {
	if c.foreign() != "" {
		return response{}, errors.New("KUBECONFIG names another cluster, whose nodes are out of reach")
	}
	pid, err := c.running()
	if err != nil {
		return response{}, err
	}
	conn, err := net.Dial("unix", fmt.Sprintf("/proc/%d/root%s", pid, commandSocket))
	if err != nil {
		return response{}, fmt.Errorf("reaching the cluster: %w", err)
	}
	defer func() { _ = conn.Close() }()
	var answer response
	if err := errors.Join(send(conn.(*net.UnixConn), asked, file), json.NewDecoder(conn).Decode(&answer)); err != nil {
		return response{}, fmt.Errorf("asking the cluster: %w", err)
	}
	if answer.Error != "" {
		return answer, errors.New(answer.Error)
	}
	return answer, nil
}

// allNodes asks for the state of every node.
func (c *cluster) allNodes() ([]nodeStatus, error) {
	answer, err := c.ask(request{Command: "list"}, nil)
	return answer.Nodes, err
}

// nodeCommand is "kube.sh node ...".
func (c *cluster) nodeCommand(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "list":
		nodes, err := c.allNodes()
		for _, one := range nodes {
			fmt.Printf("%s\t%s\t%s\n", one.Name, one.Address, one.State)
		}
		return err
	case len(args) > 2 && args[0] == "ctr":
		cmd, err := c.ctrCommand(args[1], args[2:]...)
		if err != nil {
			return err
		}
		return attached(cmd)
	case len(args) == 2 && slices.Contains([]string{"stop", "start", "cut", "heal"}, args[0]):
		_, err := c.ask(request{Command: args[0], Node: args[1]}, nil)
		return err
	}
	return errUsage
}

// ctrCommand prepares containerd's client for a node. The socket is found through /proc, in the mounts of the node.
func (c *cluster) ctrCommand(name string, args ...string) (*exec.Cmd, error) {
	nodes, err := c.allNodes()
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(nodes, func(one nodeStatus) bool { return one.Name == name })
	if at < 0 || nodes[at].PID == 0 {
		return nil, fmt.Errorf("node %q does not run", name)
	}
	socket := fmt.Sprintf("--address=/proc/%d/root/proc/%d/root/run/containerd/containerd.sock", c.init(), nodes[at].PID)
	cmd := exec.Command(c.program("ctr"), append([]string{socket, "--namespace=k8s.io"}, args...)...)
	// Of cgroup v1, with every command.
	cmd.Env = append(os.Environ(), "CONTAINERD_SUPPRESS_DEPRECATION_WARNINGS=true")
	return cmd, nil
}
