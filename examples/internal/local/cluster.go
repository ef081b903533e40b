package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/hub"
)

// Options say what is not as usual. The zero value is one gateway on a free port.
type Options struct {
	// Gateways is how many there are. Default: 1.
	Gateways int
	// Listen is the first gateway's address for clients, as host:port. Default: a free port of 127.0.0.1.
	Listen string
	// Rules say what clients may do where, as --auth-rules takes it. Default: everything.
	Rules string
	// Page is served at /, beside each gateway, which then has the JavaScript client at /demo/starling.js.
	Page http.Handler
}

// A Cluster is gateways with one mesh. End it with [Cluster.Stop].
type Cluster struct {
	Gateways []*gateway.Gateway
	// Addrs are the gateways' addresses for clients, as host:port.
	Addrs []string
	// Key is the key of the HTTP API.
	Key string

	keyFile string
	servers []*http.Server
	serving sync.WaitGroup
}

// Start starts the gateways and waits until they are linked.
func Start(ctx context.Context, opts Options) (*Cluster, error) {
	c := &Cluster{}
	if err := c.start(ctx, opts); err != nil {
		return nil, c.Stop(err)
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, opts Options) (err error) {
	if c.Key, c.keyFile, err = newAPIKey(); err != nil {
		return err
	}
	n := max(opts.Gateways, 1)
	mesh := make([]string, n)
	for i := range mesh {
		if mesh[i], err = freePort(ctx); err != nil {
			return err
		}
	}
	key := keyring.NewKey()
	for i := range n {
		cfg := gateway.DefaultConfig()
		cfg.Anonymous = true
		cfg.NodeName = fmt.Sprintf("gateway-%d", i+1)
		cfg.MeshListen, cfg.Join = mesh[i], mesh
		cfg.Deregister = time.Second / 2 // there is no load balancer that takes its time
		cfg.AuthRules, cfg.APIKeysFiles, cfg.Demo = opts.Rules, []string{c.keyFile}, opts.Page != nil
		listen := "127.0.0.1:0"
		if i == 0 && opts.Listen != "" {
			listen = opts.Listen
		}
		if err := c.add(ctx, cfg, key, listen, opts.Page); err != nil {
			return fmt.Errorf("starting %s: %w", cfg.NodeName, err)
		}
	}
	return c.awaitLinks(ctx)
}

// add starts a gateway.
func (c *Cluster) add(ctx context.Context, cfg gateway.Config, key keyring.Key, listen string, page http.Handler) error {
	opts := gateway.Options{}
	if len(cfg.Join) > 1 {
		opts.Boot = hub.Boot(len(c.Gateways) + 1) // a real gateway draws a new one each time it starts
		keys, err := keyring.New(keyring.Identity{Cluster: cfg.Cluster, Boot: opts.Boot}, []keyring.Key{key})
		if err != nil {
			return err
		}
		opts.Keys, opts.NewCluster = keys, gateway.NewMesh
	}
	g, err := gateway.New(cfg, opts)
	if err != nil {
		return err
	}
	c.Gateways = append(c.Gateways, g)
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	handler := g.Handler()
	if page != nil {
		handler = beside(handler, page)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	c.Addrs, c.servers = append(c.Addrs, l.Addr().String()), append(c.servers, server)
	c.serving.Go(func() { _ = server.Serve(l) })
	return nil
}

// beside serves a program's own page and a gateway on one address.
func beside(gw, page http.Handler) http.Handler {
	mux := http.NewServeMux()
	for _, path := range []string{"/ws", "/v1/", "/demo/"} {
		mux.Handle(path, gw)
	}
	mux.Handle("/", page)
	return mux
}

// awaitLinks waits until each gateway is linked with all others.
func (c *Cluster) awaitLinks(ctx context.Context) error {
	for {
		links := 0
		for _, g := range c.Gateways {
			for _, peer := range g.Status().Peers {
				if ok, _ := g.Ready(); ok && peer.LinkedIn && peer.LinkedOut {
					links++
				}
			}
		}
		if links == len(c.Gateways)*(len(c.Gateways)-1) {
			return nil
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("waiting for the gateways to see each other: %w", ctx.Err())
		}
	}
}

// Stop ends what was started, and returns err and what else went wrong.
func (c *Cluster) Stop(err error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, g := range c.Gateways {
		err = errors.Join(err, g.Close(ctx))
	}
	for _, s := range c.servers {
		err = errors.Join(err, s.Close())
	}
	c.serving.Wait()
	if c.keyFile != "" {
		err = errors.Join(err, os.Remove(c.keyFile))
	}
	return err
}
