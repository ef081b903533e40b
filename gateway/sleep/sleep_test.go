package sleep

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		require.True(t, For(t.Context(), time.Minute))
		require.True(t, For(t.Context(), 0))
		require.True(t, For(t.Context(), -time.Minute))
		require.Equal(t, time.Minute, time.Since(begin))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.False(t, For(ctx, time.Hour))
		require.Equal(t, time.Minute+time.Second, time.Since(begin))
		require.False(t, For(ctx, 0))
	})
}
