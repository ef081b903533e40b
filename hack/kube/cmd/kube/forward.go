package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"
)

// forward listens on the host and connects inside: a socket belongs to the network namespace that it was opened in, so that
// the listener is handed to a process there.
func (c *cluster) forward(args []string) error {
	if len(args) != 2 {
		return errUsage
	}
	pid, err := c.running()
	if err != nil {
		return err
	}
	file, err := listenerFile(args[0])
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	progress("Forwarding %s to %s", args[0], args[1])
	cmd := exec.Command("nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", pid), "--", self, "_forward", args[1])
	cmd.ExtraFiles = []*os.File{file}
	var exit *exec.ExitError
	if err := attached(cmd); err != nil && (!errors.As(err, &exit) || exit.ExitCode() >= 0) {
		return err
	}
	// It was told to end by a signal, as it always is.
	return nil
}

// listenerFile listens on an address of the host's, for another process to accept.
func listenerFile(address string) (*os.File, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("forwarding: %w", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.(*net.TCPListener).File()
}

func forwardInside(args []string) error {
	if len(args) != 1 {
		return errUsage
	}
	listener, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		return err
	}
	forwardAll(listener, func() string { return args[0] })
	return nil
}

// forwardAll connects every client of the listener to the target, until the listener is closed.
func forwardAll(listener net.Listener, target func() string) {
	for {
		client, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		go forwardOne(client, target())
	}
}

func forwardOne(client net.Conn, target string) {
	defer func() { _ = client.Close() }()
	server, err := net.DialTimeout("tcp", target, 10*time.Second)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		both.Go(func() {
			_, _ = io.Copy(way[1], way[0])
			_ = way[1].(*net.TCPConn).CloseWrite()
		})
	}
	both.Wait()
}
