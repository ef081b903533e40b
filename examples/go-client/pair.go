package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/hub"
)

// A pair is two gateways with one mesh. `starling up` runs such a cluster as processes, and the operator as pods.
type pair struct {
	gateways [2]*gateway.Gateway
	servers  [2]*http.Server
	addrs    [2]string
	used     atomic.Int32
	serving  sync.WaitGroup
}

// startPair starts the gateways and waits until they are linked.
func startPair(ctx context.Context) (*pair, error) {
	p := &pair{}
	key := keyring.NewKey()
	var mesh [2]string
	for i := range mesh {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0") // to find a free port
		if err != nil {
			return nil, err
		}
		mesh[i] = l.Addr().String()
		if err := l.Close(); err != nil {
			return nil, err
		}
	}
	for i := range p.gateways {
		if err := p.start(ctx, i, mesh, key); err != nil {
			return nil, p.stop(err)
		}
	}
	for {
		ready := 0
		for _, g := range p.gateways {
			for _, peer := range g.Status().Peers {
				if ok, _ := g.Ready(); ok && peer.LinkedIn && peer.LinkedOut {
					ready++
				}
			}
		}
		if ready == len(p.gateways) {
			return p, nil
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return nil, p.stop(ctx.Err())
		}
	}
}

func (p *pair) start(ctx context.Context, i int, mesh [2]string, key keyring.Key) error {
	cfg := gateway.DefaultConfig()
	cfg.Anonymous = true
	cfg.NodeName = fmt.Sprintf("gateway-%d", i+1)
	cfg.MeshListen, cfg.Join = mesh[i], mesh[:]
	cfg.Deregister = time.Second / 2 // there is no load balancer that takes its time
	boot := hub.Boot(i + 1)          // a real gateway draws a new one each time it starts
	keys, err := keyring.New(keyring.Identity{Cluster: cfg.Cluster, Boot: boot}, []keyring.Key{key})
	if err != nil {
		return err
	}
	g, err := gateway.New(cfg, gateway.Options{Boot: boot, Keys: keys, NewCluster: gateway.NewMesh})
	if err != nil {
		return fmt.Errorf("making %s: %w", cfg.NodeName, err)
	}
	p.gateways[i] = g
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	p.addrs[i] = l.Addr().String()
	p.servers[i] = &http.Server{Handler: g.Handler(), ReadHeaderTimeout: time.Second}
	p.serving.Go(func() { _ = p.servers[i].Serve(l) })
	return nil
}

// use sends new connections to a gateway.
func (p *pair) use(i int32) { p.used.Store(i) }

// dial is what a load balancer does for real.
func (p *pair) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, p.addrs[p.used.Load()])
}

// stop ends what was started, and returns err and what else went wrong.
func (p *pair) stop(err error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for i, g := range p.gateways {
		if g != nil {
			err = errors.Join(err, g.Close(ctx))
		}
		if p.servers[i] != nil {
			err = errors.Join(err, p.servers[i].Close())
		}
	}
	p.serving.Wait()
	return err
}
