package client_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/client"
	"github.com/starling-realtime/starling/gateway"
)

// A client with a TokenFunc stays on its connection beyond the end of its first token.
func TestTokenIsRenewedOnTheConnection(t *testing.T) {
	secret := []byte(strings.Repeat("0123456789abcdef", 2))
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(path, secret, 0o600))
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) {
		c.Anonymous, c.JWTKeyFiles, c.JWTLeeway = false, []string{path}, time.Second
	})
	var asked atomic.Int64
	c := connect(t, s.url(), client.Options{TokenFunc: func(context.Context) (string, error) {
		asked.Add(1)
		return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
			"sub": "ann", "exp": time.Now().Add(6 * time.Second).Unix(),
		}).SignedString(secret)
	}})
	require.Eventually(t, func() bool { return asked.Load() >= 4 }, patience, 10*time.Millisecond, "longer than two tokens last")
	stats := c.Stats()
	require.EqualValues(t, 1, stats.Connects)
	require.Zero(t, stats.Breaks)
}
