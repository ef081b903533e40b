package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

func TestMistakesInFlagsAreExplained(t *testing.T) {
	t.Setenv("POD_NAME", "operator-1")
	t.Setenv("POD_NAMESPACE", "starling-system")
	tests := map[string]struct {
		args []string
		want string
	}{
		"format":      {[]string{"--log-format=text"}, `--log-format is "text", must be json or console`},
		"level":       {[]string{"--log-level=loud"}, `--log-level is "loud", must be debug, info, warn or error`},
		"concurrency": {[]string{"--concurrency=0"}, "--concurrency is 0, must be 1 to 100"},
		"namespace":   {[]string{"--namespaces=a,B"}, `--namespaces has "B", which is no namespace's name`},
		"own":         {[]string{"--pod-namespace="}, "--pod-namespace or $POD_NAMESPACE must be the operator's own namespace"},
		"image":       {[]string{"--pod-name="}, "--default-image must be given"},
		"argument":    {[]string{"start"}, `unknown command "start"`},
		"flag":        {[]string{"--bogus"}, "unknown flag: --bogus"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			require.Equal(t, 2, run(test.args, &stdout, &stderr))
			require.Contains(t, stderr.String(), test.want)
			require.Contains(t, stderr.String(), "See starling-operator --help.")
			require.Empty(t, stdout.String())
		})
	}
}

func TestHelpAndVersion(t *testing.T) {
	for _, flag := range []string{"--help", "--version"} {
		var stdout, stderr bytes.Buffer
		require.Equal(t, 0, run([]string{flag}, &stdout, &stderr), stderr.String())
		require.Contains(t, stdout.String(), "starling-operator")
	}
}

// TestManualNamesEveryFlag keeps docs/operator.md complete.
func TestManualNamesEveryFlag(t *testing.T) {
	page, err := os.ReadFile("../../docs/operator.md")
	require.NoError(t, err)
	newRoot(&bytes.Buffer{}).Flags().VisitAll(func(f *pflag.Flag) {
		require.Contains(t, string(page), "`--"+f.Name+"`")
	})
}
