package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFiguresOfTheBackendArrive(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, "127.0.0.1:0", 2))
	require.Regexp(t, `^open http://127\.0\.0\.1:\d+
orders {"number":1,"orders":\d+}
orders {"number":2,"orders":\d+}
$`, out.String())
}

func TestRunSaysWhatFailed(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	require.ErrorIs(t, run(ctx, &out, "127.0.0.1:0", 1), context.Canceled)
}
