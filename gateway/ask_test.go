package gateway

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAGatewayThatIsAloneAsksItself(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Anonymous, cfg.NodeName = true, "gw-1"
	g, err := New(cfg, Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, g.Close(context.WithoutCancel(t.Context()))) })
	replies, err := g.ask(t.Context(), "weather", nil)
	require.NoError(t, err)
	require.Equal(t, []Reply{{Node: "gw-1", Err: errUnknownQuestion}}, replies)
}
