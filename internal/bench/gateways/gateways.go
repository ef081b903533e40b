// Package gateways starts gateways on this machine's loopback for a benchmark, each in a process of its own, and ends them.
//
// They are this program again, with `gateway` as its first argument, and keep to 127.0.0.1. They end with their parent, however
// that goes. Unlike `starling up` it restarts nothing and drains nothing: a gateway that ends spoils the benchmark.
package gateways

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/starling-realtime/starling/internal/localcluster/lifeline"
)

// A Gateway is one that runs.
type Gateway struct {
	// Address is where clients connect, ws://host:port; Admin is host:port.
	Address, Admin string
	PID            int

	cmd  *exec.Cmd
	in   io.Closer
	done chan struct{}
	log  string
}

// A Set is gateways of one cluster. Call Close in the end.
type Set struct {
	All []*Gateway
	dir string
}

// Start starts n gateways with extra flags and returns when all are ready. command is the program and what comes before the flags.
func Start(ctx context.Context, n int, command, flags []string) (_ *Set, err error) {
	dir, err := os.MkdirTemp("", lifeline.DirPrefix)
	if err != nil {
		return nil, fmt.Errorf("starting gateways: %w", err)
	}
	s := &Set{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("starting gateways: %w", err), s.Close())
		}
	}()
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	keyFile := filepath.Join(dir, "mesh.key")
	if err := os.WriteFile(keyFile, []byte(base64.StdEncoding.EncodeToString(key)+"\n"), 0o600); err != nil {
		return nil, err
	}
	ports, err := freePorts(3 * n)
	if err != nil {
		return nil, err
	}
	for i := range n {
		own := ports[3*i : 3*i+3]
		args := append(append([]string{}, command...),
			"--listen="+own[0], "--admin-listen="+own[1], "--mesh-listen="+own[2], "--mesh-key-file="+keyFile,
			fmt.Sprintf("--node-name=bench-%d", i+1), "--supervisor-dir="+dir)
		if i > 0 {
			args = append(args, "--join="+ports[2])
		}
		g, err := start(ctx, append(args, flags...), filepath.Join(dir, fmt.Sprintf("%d.log", i+1)))
		if err != nil {
			return nil, err
		}
		g.Address, g.Admin = "ws://"+own[0], own[1]
		s.All = append(s.All, g)
	}
	for _, g := range s.All {
		if err := g.await(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func start(ctx context.Context, argv []string, log string) (*Gateway, error) {
	out, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	// Close ends it, also when ctx has ended.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is not for it
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	g := &Gateway{cmd: cmd, in: in, PID: cmd.Process.Pid, done: make(chan struct{}), log: log}
	go func() {
		defer close(g.done)
		_ = cmd.Wait()
	}()
	return g, nil
}

// readyTimeout is longer than a gateway waits for peers by itself.
const readyTimeout = time.Minute

// await returns when the gateway takes clients.
func (g *Gateway) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		if g.ready(ctx) {
			return nil
		}
		select {
		case <-g.done:
			return fmt.Errorf("a gateway ended: %s", g.lastLog())
		case <-ctx.Done():
			return fmt.Errorf("a gateway is not ready: %w; its log ends: %s", context.Cause(ctx), g.lastLog())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (g *Gateway) ready(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+g.Admin+"/readyz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// lastLog is the end of the gateway's log.
func (g *Gateway) lastLog() string {
	text, err := os.ReadFile(g.log)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text[max(0, len(text)-1000):]))
}

// Close ends the gateways at once and removes their files.
func (s *Set) Close() error {
	for _, g := range s.All {
		_ = g.cmd.Process.Kill()
	}
	for _, g := range s.All {
		<-g.done
		_ = g.in.Close()
	}
	return os.RemoveAll(s.dir)
}

// freePorts returns addresses on 127.0.0.1 that are free for TCP and UDP now. They are below those that outgoing connections get,
// of which a benchmark makes many.
func freePorts(n int) ([]string, error) {
	const first, last = 20_000, 29_999
	var found []string
	for i := 0; len(found) < n && i < last-first; i++ {
		address := fmt.Sprintf("127.0.0.1:%d", first+(os.Getpid()*7+i)%(last-first))
		listener, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		packets, err := net.ListenPacket("udp", address)
		if err == nil {
			found = append(found, address)
			_ = packets.Close()
		}
		_ = listener.Close()
	}
	if len(found) < n {
		return nil, fmt.Errorf("no %d free ports below %d on 127.0.0.1", n, last)
	}
	return found, nil
}
