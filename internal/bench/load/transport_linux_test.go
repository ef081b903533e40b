package load

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/internal/bench/dialect"
)

// The transport of other systems is tried here too.
func TestNetTransport(t *testing.T) {
	address, _ := startGateway(t, nil)
	plan := fanoutPlan(address, 1)
	plan.Parts = 1
	e, err := newEngine(&plan, dialect.Starling{})
	require.NoError(t, err)
	e.transport = newNetTransport(e, nil)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- e.transport.run(ctx) }()
	opening := Opening{InFlight: 4, Timeout: int64(time.Minute)}
	e.open(ctx, opening, make(chan struct{}))
	e.drop()
	e.open(ctx, opening, make(chan struct{}))
	require.Equal(t, 21, e.counts().Open)

	e.pace(ctx, Pacing{Start: e.clock.now(), Duration: int64(200 * time.Millisecond), Rate: 100, Payload: 100})
	require.Eventually(t, func() bool { return e.counts().Delivered == 20*19 }, time.Minute, 5*time.Millisecond)
	require.Empty(t, e.measured().Ends)
	stop()
	require.NoError(t, <-ended)
}

// Connections come from the addresses in turn.
func TestSeveralSources(t *testing.T) {
	address, _ := startGateway(t, nil)
	plan := fanoutPlan(address, 0)
	plan.Sources = []string{"127.0.1.1", "127.0.1.2"}
	g := newGenerator(t, plan)
	g.open(Opening{})
	require.Equal(t, 21, g.do(command{Count: true}).Counts.Open)
}
