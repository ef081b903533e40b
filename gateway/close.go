package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/starling-realtime/starling/gateway/protocol"
)

// errClosed is why waits end when the gateway closes.
var errClosed = errors.New("gateway is closed")

// Close refuses new connections, ends those that are open with 1001, leaves the cluster and returns when nothing of the gateway
// runs any more. When ctx ends, connections are cut and the rest is not waited for as long. It may be called more than once;
// later calls do nothing. Call [Gateway.Drain] before it to move the clients.
func (g *Gateway) Close(ctx context.Context) error {
	var err error
	g.once.Do(func() { err = g.shutDown(ctx) })
	return err
}

func (g *Gateway) shutDown(ctx context.Context) error {
	g.ready.draining.Store(true)
	g.refusing.Store(true)
	for _, s := range g.roster.all() {
		s.end(protocol.CloseGoingAway, "this gateway stops")
	}
	g.awaitEmpty(ctx, closeTimeout+closeTimeout/2)
	for _, s := range g.roster.all() {
		s.socket.Abort()
	}
	g.cancel(errClosed)
	g.tasks.wait()
	var err error
	if g.cluster != nil {
		if err = g.cluster.Close(ctx); err != nil {
			err = fmt.Errorf("leaving the mesh: %w", err)
		}
	}
	g.hub.Close()
	g.pool.Close()
	g.flushTraces(ctx)
	g.logSampler.FlushAll()
	return err
}

// flushTime bounds how long a gateway that ends waits for its last traces to be sent.
const flushTime = 2 * time.Second

// flushTraces also has what is left of ctx only: nothing waits for traces.
func (g *Gateway) flushTraces(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	g.tracer.Shutdown(ctx)
}

// abandon takes back a New that failed.
func (g *Gateway) abandon() {
	g.flushTraces(context.Background())
	g.cancel(errClosed)
	g.tasks.wait()
	if g.hub != nil {
		g.hub.Close()
	}
	g.pool.Close()
}
