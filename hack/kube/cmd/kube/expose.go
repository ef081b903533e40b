package main

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
)

// exposed are the addresses of the host's that lead into the cluster, with what each leads to. They end with the cluster.
type exposed map[string]*atomic.Pointer[string]

// set makes an address lead to a target. It returns false where that takes a listener and none came along.
func (e exposed) set(address, target string, listener net.Listener) bool {
	if known, ok := e[address]; ok {
		known.Store(&target)
		if listener != nil {
			_ = listener.Close()
		}
		return true
	}
	if listener == nil {
		return false
	}
	current := &atomic.Pointer[string]{}
	current.Store(&target)
	e[address] = current
	go forwardAll(listener, func() string { return *current.Load() })
	return true
}

// expose is like forward, but lasts as long as the cluster does.
func (c *cluster) expose(args []string) error {
	if len(args) != 2 {
		return errUsage
	}
	asked := request{Command: "expose", Address: args[0], Target: args[1]}
	answer, err := c.ask(asked, nil)
	if err != nil || !answer.NeedsListener {
		return err
	}
	file, err := listenerFile(args[0])
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	_, err = c.ask(asked, file)
	return err
}

// send writes a request, with a file that the reader can then use.
func send(conn *net.UnixConn, asked request, file *os.File) error {
	text, err := json.Marshal(asked)
	if err != nil {
		return err
	}
	var rights []byte
	if file != nil {
		rights = syscall.UnixRights(int(file.Fd()))
	}
	_, _, err = conn.WriteMsgUnix(text, rights, nil)
	return err
}

// receive reads a request, and the listener that came along, or nil.
func receive(conn *net.UnixConn) (request, net.Listener, error) {
	var asked request
	text, rights := make([]byte, 4096), make([]byte, syscall.CmsgSpace(4))
	n, m, _, _, err := conn.ReadMsgUnix(text, rights)
	if err != nil {
		return asked, nil, err
	}
	if err := json.Unmarshal(text[:n], &asked); err != nil || m == 0 {
		return asked, nil, err
	}
	messages, err := syscall.ParseSocketControlMessage(rights[:m])
	if err != nil || len(messages) != 1 {
		return asked, nil, errors.Join(errors.New("reading the socket that came along"), err)
	}
	files, err := syscall.ParseUnixRights(&messages[0])
	if err != nil || len(files) != 1 {
		return asked, nil, errors.Join(errors.New("reading the socket that came along"), err)
	}
	file := os.NewFile(uintptr(files[0]), "listener")
	defer func() { _ = file.Close() }()
	listener, err := net.FileListener(file)
	return asked, listener, err
}
