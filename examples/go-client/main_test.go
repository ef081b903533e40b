package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

const want = `ada    is at gateway-1
grace  is at gateway-2
grace  sees [grace] come and [] go
grace  sees [ada] come and [] go
grace  reads "hello"
ada    is asked to move
grace  reads "are you there?"
ada    is at gateway-2
grace  reads "still me"
`

func TestRunShowsEachStep(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, want, out.String())
}

func TestRunSaysWhatFailed(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	require.ErrorIs(t, run(ctx, &out), context.Canceled)
}
