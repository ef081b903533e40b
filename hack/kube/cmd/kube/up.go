package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// upTimeout bounds a start as a whole; the steps have deadlines of their own, which say more.
const upTimeout = 15 * time.Minute

// up starts the cluster where it does not run, and prints the path of the kubeconfig.
func (c *cluster) up() error {
	if foreign := c.foreign(); foreign != "" {
		progress("KUBECONFIG is set: using that cluster")
		fmt.Println(foreign)
		return nil
	}
	if err := c.start(false); err != nil {
		return err
	}
	fmt.Println(c.kubeconfig())
	return nil
}

// foreign returns KUBECONFIG where it names another cluster than this.
func (c *cluster) foreign() string {
	if path := os.Getenv("KUBECONFIG"); path != c.kubeconfig() {
		return path
	}
	return ""
}

// start starts the cluster. A tied one ends with this process, even with a SIGKILL.
func (c *cluster) start(tied bool) error {
	wanted, err := nodesWanted(os.Getenv("KUBE_NODES"))
	if err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	lock, err := c.lock()
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	if c.init() != 0 && c.ready() {
		if tied {
			return fmt.Errorf("the cluster %q is up already; end it with \"down\", or set KUBE_NAME for another", c.name)
		}
		if has := c.nodes(); wanted != 0 && wanted != has {
			return fmt.Errorf("the cluster %q is up with %d nodes, not %d; end it with \"down\", or set KUBE_NAME for another", c.name, has, wanted)
		}
		progress("The cluster %q is up already", c.name)
		return nil
	}
	if err := c.reap(); err != nil {
		return fmt.Errorf("removing what an earlier run left: %w", err)
	}
	if err := os.MkdirAll(c.path("logs"), 0o700); err != nil {
		return fmt.Errorf("making the cluster's folder: %w", err)
	}
	if err := c.launch(tied, max(wanted, 1)); err != nil {
		c.dump()
		kept := c.keepLogs()
		return errors.Join(fmt.Errorf("starting the cluster: %w (all logs are in %s)", err, kept), c.reap())
	}
	return os.RemoveAll(c.failedLogs())
}

// launch starts the first process of the namespaces and follows it until the cluster works.
func (c *cluster) launch(tied bool, nodes int) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening for clients of the API: %w", err)
	}
	defer func() { _ = listener.Close() }()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	defer func() { _ = socket.Close() }()
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = read.Close() }()
	log, err := os.Create(c.path("logs", "node.log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()

	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	cmd := exec.Command("/proc/self/exe", "_init", "2", nodeName(controlNode), "_control", port, strconv.Itoa(nodes))
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{write, socket}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: namespaces}
	if tied {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	}
	err = cmd.Start()
	_ = write.Close()
	if err != nil {
		return fmt.Errorf("making namespaces: %w", err)
	}
	// Nobody waits for it but this: "down" looks at /proc, where a zombie counts as ended.
	go func() { _ = cmd.Wait() }()
	if err := c.remember(cmd.Process.Pid, nodes); err != nil {
		return err
	}
	return c.follow(read)
}

// follow prints the node's progress until it is ready.
func (c *cluster) follow(read *os.File) error {
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(interrupt)
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(read); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	timeout := time.After(upTimeout)
	for {
		select {
		case line, ok := <-lines:
			if !ok && c.ready() {
				return nil
			}
			if !ok {
				return errors.New("the node gave up; see above and node.log")
			}
			progress("%s", line)
		case s := <-interrupt:
			return fmt.Errorf("stopped by %v", s)
		case <-timeout:
			return fmt.Errorf("not ready after %v", upTimeout)
		}
	}
}

// check tells what is missing on this machine.
func (c *cluster) check() error {
	if os.Geteuid() != 0 {
		return errors.New("a cluster needs root, for namespaces and cgroups; set KUBECONFIG to use another one")
	}
	if c.bin == "" {
		return errors.New("KUBE_BIN is not set; start this with hack/kube/kube.sh")
	}
	var missing []string
	for _, tool := range []string{"runc", "iptables", "ip", "nsenter"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, tool)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("missing: %s; on Debian: apt-get install --no-install-recommends runc iptables iproute2 util-linux",
			strings.Join(missing, ", "))
	}
	// The node has its own, empty /run, /var/lib and /var/log.
	for _, used := range []string{c.dir, c.bin} {
		for _, hidden := range []string{"/run", "/var/run", "/var/lib", "/var/log", "/proc", "/sys"} {
			if used == hidden || strings.HasPrefix(used, hidden+"/") {
				return fmt.Errorf("%s: the cluster's folders cannot be in %s; set HOME, XDG_STATE_HOME or XDG_CACHE_HOME", used, hidden)
			}
		}
	}
	return nil
}

// keepLogs moves the logs of a failed start away from what is removed.
func (c *cluster) keepLogs() string {
	kept := c.failedLogs()
	_ = os.RemoveAll(kept)
	if err := os.Rename(c.path("logs"), kept); err != nil {
		return filepath.Join(c.dir, "logs")
	}
	return kept
}

func (c *cluster) failedLogs() string { return c.dir + "-failed" }
