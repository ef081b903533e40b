package hub

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEncodedOncePerFormat(t *testing.T) {
	e := &Event{Type: "chat", Payload: []byte("1")}
	calls := 0
	encode := func(e *Event) []byte {
		calls++
		return append([]byte(e.Type+" "), e.Payload...)
	}
	for range 3 {
		require.Equal(t, "chat 1", string(e.Encoded(0, encode)))
	}
	require.Equal(t, 1, calls)
	e.Encoded(MaxFormats-1, encode)
	require.Equal(t, 2, calls)
}

func TestRacingEncodersShareOneResult(t *testing.T) {
	e := &Event{}
	var calls atomic.Int32
	results := make([][]byte, 16)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() {
			results[i] = e.Encoded(1, func(*Event) []byte { return []byte{byte(calls.Add(1))} })
		})
	}
	wg.Wait()
	for _, r := range results {
		require.Same(t, &results[0][0], &r[0])
	}
}
