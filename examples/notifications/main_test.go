package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

const want = `ada's phone   is at gateway-1
ada's laptop  is at gateway-2
grace's phone is at gateway-2
backend       sends to ada: 2 connections took it
backend       sends to grace: 1 connections took it
ada's phone   shows {"text":"your parcel is here"}
ada's laptop  shows {"text":"your parcel is here"}
grace's phone shows {"text":"your invoice is paid"}
`

func TestBothDevicesAndNobodyElseGetIt(t *testing.T) {
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
