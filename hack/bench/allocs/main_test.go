package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const output = `goos: linux
pkg: example.com/a/hub
BenchmarkPublish/conns=10-2   	    1000	       900.0 ns/op	        90 ns/delivery	     160 B/op	       3 allocs/op
BenchmarkPublish/conns=10-2   	    1000	       900.0 ns/op	     160 B/op	       2 allocs/op
BenchmarkDigest   	    1000	       900.0 ns/op	     0 B/op	       0 allocs/op
PASS
`

func TestCompare(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allocs.txt")
	check := func(baseline string) error {
		require.NoError(t, os.WriteFile(path, []byte(baseline), 0o600))
		return run(strings.NewReader(output), io.Discard, path, false)
	}
	require.NoError(t, run(strings.NewReader(output), io.Discard, path, true))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "hub.Digest 0\nhub.Publish/conns=10 2\n", string(text))
	require.NoError(t, check(string(text)))
	require.NoError(t, check("hub.Digest 1\nhub.Publish/conns=10 2\n"), "fewer is good")
	require.ErrorContains(t, check("hub.Digest 0\nhub.Publish/conns=10 1\n"), "hub.Publish/conns=10: 2 an operation, was 1")
	require.ErrorContains(t, check("hub.Digest 0\n"), "hub.Publish/conns=10 is not in the baseline")
	require.ErrorContains(t, check(string(text)+"hub.Join 1\n"), "hub.Join is in the baseline and did not run")
	require.ErrorContains(t, check("hub.Digest\n"), "want a benchmark and its allocations")
	require.ErrorContains(t, run(strings.NewReader("PASS\n"), io.Discard, path, false), "no benchmark")
}
