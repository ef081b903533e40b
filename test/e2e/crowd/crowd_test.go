package crowd

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/client"
	"github.com/starling-realtime/starling/gateway"
)

// start brings up a gateway and a crowd at it.
func start(t *testing.T, cfg Config) *Crowd {
	t.Helper()
	config := gateway.DefaultConfig()
	config.Anonymous = true
	g, err := gateway.New(config, gateway.Options{})
	require.NoError(t, err)
	server := httptest.NewServer(g.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(func() { _ = g.Close(context.Background()) })
	cfg.URL = server.URL
	c, err := Start(within(t), cfg)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestACrowdThatIsLeftAloneLosesNothing(t *testing.T) {
	c := start(t, Config{Clients: 20, Channels: 4, Every: 5 * time.Millisecond, Arrivals: 4})
	m, err := c.Mark(within(t))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return c.people[0].book.len() > 50 }, time.Minute, 10*time.Millisecond)
	r := c.Account(within(t), "alone", m, m.at)
	require.Positive(t, r.Published)
	require.Equal(t, r.Published*4, r.Delivered, "each of four others hears each publish")
	r.Published, r.Delivered, r.Seconds = 0, 0, 0
	require.Equal(t, Report{Scenario: "alone", Clients: 20, Channels: 4, Gaps: map[client.GapCause]int{}}, r)
}

func TestCutConnectionsAreCountedAndComeBack(t *testing.T) {
	c := start(t, Config{
		Clients: 10, Channels: 2, Every: 5 * time.Millisecond, Arrivals: 10, Backoff: client.Backoff{First: 10 * time.Millisecond},
	})
	m, err := c.Mark(within(t))
	require.NoError(t, err)
	gateways := c.Gateways()
	require.Len(t, gateways, 1)
	for name := range gateways {
		require.Equal(t, 10, c.Cut(name))
	}
	require.Eventually(t, func() bool {
		for _, p := range c.people {
			if p.client.Stats().Connects < 2 {
				return false
			}
		}
		return c.Connected() == nil
	}, time.Minute, 10*time.Millisecond)
	r := c.Account(within(t), "cut", m, m.at)
	require.GreaterOrEqual(t, r.Breaks, 10)
	require.GreaterOrEqual(t, r.PeakPerSecond, 1)
	require.Positive(t, r.LongestOutage)
	require.Zero(t, r.Lost, "what was missed was told by a gap")
	require.Zero(t, r.FalseLeaves+r.FalseLeavesBroken)
}
