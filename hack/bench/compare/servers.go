package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/starling-realtime/starling/internal/bench"
	"github.com/starling-realtime/starling/internal/bench/gateways"
)

// start starts the nodes of a system on 127.0.0.1.
func (o *options) start(ctx context.Context, name string, s *bench.Scenario) (bench.Server, func() error, error) {
	if name == "starling" {
		return o.startStarling(ctx, s)
	}
	dir, err := os.MkdirTemp("", "starling-compare-")
	if err != nil {
		return bench.Server{}, nil, err
	}
	group := &processes{dir: dir}
	server := bench.Server{Name: name, Dialect: name, Version: versions[name]}
	redis := ""
	if o.nodes > 1 {
		if redis, err = group.redis(ctx); err != nil {
			return server, nil, errors.Join(err, group.close())
		}
		server.PIDs = append(server.PIDs, group.pid())
	}
	for range o.nodes {
		address, err := o.startNode(ctx, name, group, redis, s)
		if err != nil {
			return server, nil, errors.Join(err, group.close())
		}
		server.Addresses = append(server.Addresses, "ws://"+address)
		server.PIDs = append(server.PIDs, group.pid())
	}
	return server, group.close, nil
}

// versions are those that hack/bench/compare.sh fetches.
var versions = map[string]string{"centrifugo": "v5.4.9", "socketio": "4.8.4", bareName: ""}

func (o *options) startStarling(ctx context.Context, s *bench.Scenario) (bench.Server, func() error, error) {
	set, err := gateways.Start(ctx, o.nodes, []string{o.starling, "gateway"}, []string{
		"--anonymous", "--max-connections=" + strconv.Itoa(s.Connections()+1000), "--joins-per-second=1000000",
		"--accept-per-second=1000000", "--accept-queue=100000",
	})
	if err != nil {
		return bench.Server{}, nil, err
	}
	server := bench.Server{Name: "starling", Dialect: "starling"}
	for _, g := range set.All {
		server.Addresses = append(server.Addresses, g.Address)
		server.PIDs = append(server.PIDs, g.PID)
	}
	return server, set.Close, nil
}

func (o *options) startNode(ctx context.Context, name string, group *processes, redis string, s *bench.Scenario) (string, error) {
	port, err := freePort()
	if err != nil {
		return "", err
	}
	address := net.JoinHostPort("127.0.0.1", port)
	if name == bareName {
		return startBare(ctx, group, port)
	}
	if name == "socketio" {
		env := []string{"PORT=" + port, "REDIS=" + redis, "NODE_ENV=production"}
		return address, group.start(ctx, address, env, "node", filepath.Join(o.socketio, "server.mjs"))
	}
	config := map[string]any{
		"client_insecure": true, "address": "127.0.0.1", "port": port, "log_level": "error",
		"client_channel_limit": 1000, "client_user_connection_limit": 0, "client_connection_limit": s.Connections() + 1000,
	}
	if o.work == "idle" {
		config["presence"], config["join_leave"], config["force_push_join_leave"] = true, true, true
	}
	if redis != "" {
		config["engine"], config["redis_address"] = "redis", redis
	}
	text, err := json.Marshal(config)
	if err != nil {
		return "", err
	}
	file := filepath.Join(group.dir, "centrifugo-"+port+".json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return "", err
	}
	return address, group.start(ctx, address, nil, o.centrifugo, "--config="+file)
}

// processes are started and ended together.
type processes struct {
	dir string
	all []*process
}

// process is a program that runs, until done is closed.
type process struct {
	cmd  *exec.Cmd
	said bytes.Buffer // to be read when it is done
	done chan struct{}
}

func (p *processes) redis(ctx context.Context) (string, error) {
	port, err := freePort()
	if err != nil {
		return "", err
	}
	address := net.JoinHostPort("127.0.0.1", port)
	return address, p.start(ctx, address, nil, "redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no")
}

// start starts a program and returns when it listens.
func (p *processes) start(ctx context.Context, address string, env []string, argv ...string) error {
	one := &process{cmd: exec.CommandContext(ctx, argv[0], argv[1:]...), done: make(chan struct{})}
	one.cmd.Env, one.cmd.Dir, one.cmd.Stdout, one.cmd.Stderr = append(os.Environ(), env...), p.dir, &one.said, &one.said
	if err := one.cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", argv[0], err)
	}
	p.all = append(p.all, one)
	go func() {
		defer close(one.done)
		_ = one.cmd.Wait()
	}()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return one.listens(ctx, address)
}

// listens waits until the program does.
func (p *process) listens(ctx context.Context, address string) error {
	dialer := net.Dialer{}
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		if conn, err := dialer.DialContext(ctx, "tcp", address); err == nil {
			return conn.Close()
		}
		select {
		case <-ticker.C:
		case <-p.done:
			return fmt.Errorf("starting %s: it ended: %s", p.cmd.Args[0], p.said.String())
		case <-ctx.Done():
			return fmt.Errorf("starting %s: nothing listens at %s: %w", p.cmd.Args[0], address, ctx.Err())
		}
	}
}

func (p *processes) pid() int { return p.all[len(p.all)-1].cmd.Process.Pid }

func (p *processes) close() error {
	for _, one := range p.all {
		_ = one.cmd.Process.Kill()
		<-one.done
	}
	return os.RemoveAll(p.dir)
}

// freePort returns a port below those of outgoing connections.
func freePort() (string, error) {
	for port := 10_000 + os.Getpid()%5000; port < 20_000; port++ {
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return strconv.Itoa(port), listener.Close()
		}
	}
	return "", errors.New("no free port from 10000 to 19999")
}
