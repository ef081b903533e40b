package main

import (
	"bytes"
	"context"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

const want = `server listens on http://127.0.0.1:PORT
ada    is connected as "ada"
grace  is connected as "grace"
ada    sends join
ada    is in the room with [ada]
grace  sends join
grace  is in the room, which has 2 members
ada    sees grace come in
ada    sends typing
grace  sees that ada is typing
ada    sends publish
grace  reads "hello, Grace"
server counts 2 members in room:1
ada    reads "tea is ready"
grace  reads "tea is ready"
grace  sends leave
ada    sees grace go
`

func TestRunShowsEachStep(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	got := regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(out.String(), "127.0.0.1:PORT")
	require.Equal(t, want, got)
}

func TestRunSaysWhatFailed(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	require.ErrorContains(t, run(ctx, &out), "connecting ada")
}
