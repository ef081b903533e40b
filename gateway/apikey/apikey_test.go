package apikey

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

const (
	first  = "3f1c2d4b5a69788796a5b4c3d2e1f001"
	second = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Cg=="
)

func TestParse(t *testing.T) {
	s, err := Parse([]byte("\ufeff# the shop's backend\r\nshop " + first + "\r\n\n  billing.eu\t" + second + "  \nshop " + first + "2"))
	require.NoError(t, err)
	require.Equal(t, 3, s.Len())
	for key, want := range map[string]string{first: "shop", second: "billing.eu", first + "2": "shop"} {
		name, ok := s.Check(key)
		require.True(t, ok)
		require.Equal(t, want, name)
	}
	for _, key := range []string{"", "shop", first[:31], first + "3", " " + first, strings.ToUpper(first)} {
		_, ok := s.Check(key)
		require.False(t, ok, "%q", key)
	}
}

func TestBadLinesAreNamedAndNotShown(t *testing.T) {
	for line, want := range map[string]string{
		first:                                        "line 2: it has 1 words: NAME and KEY are right",
		"shop " + first + " again":                   "it has 3 words",
		"shop " + first[:31]:                         `the key of "shop" has 31 characters: 32 to 512 are right`,
		"-shop " + first:                             "the name must have 1 to 63 letters",
		"shöp " + first:                              "the name must have",
		"shop " + first + "ä":                        "has a character that a bearer token may not have",
		"shop " + first + "=x":                       "has a character that a bearer token may not have",
		"shop " + "k" + second[:8]:                   "9 characters",
		strings.Repeat("x", 70_000):                  "a line is too long",
		"shop " + strings.Repeat("x", MaxKeyBytes+1): "513 characters",
	} {
		_, err := Parse([]byte("# one\n" + line))
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), first[:20])
		require.NotContains(t, err.Error(), second[:8])
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func TestKeysAreReplacedWithoutARestart(t *testing.T) {
	one, two := filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "two")
	write(t, one, "shop "+first)
	write(t, two, "billing "+second)
	s, err := Open([]string{one, two}, nil)
	require.NoError(t, err)
	name, ok := s.Check(second)
	require.True(t, ok)
	require.Equal(t, "billing", name)

	write(t, one, "shop "+first+"\nshop "+first+"new")
	require.NoError(t, s.Reload())
	write(t, one, "shop "+first+"new")
	require.NoError(t, s.Reload())
	_, ok = s.Check(first)
	require.False(t, ok)
	_, ok = s.Check(first + "new")
	require.True(t, ok)

	write(t, one, "shop short")
	require.ErrorContains(t, s.Reload(), one+", line 1:")
	_, ok = s.Check(first + "new")
	require.True(t, ok, "what could be used before stays")
	require.Equal(t, map[string]float64{"starling_api_keys": 2, "starling_api_key_file_failures_total": 1}, gather(t, s))
}

// gather returns the store's metrics by name.
func gather(t *testing.T, s *Store) map[string]float64 {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	require.NoError(t, reg.Register(s.Collector()))
	families, err := reg.Gather()
	require.NoError(t, err)
	values := make(map[string]float64)
	for _, f := range families {
		values[f.GetName()] = f.GetMetric()[0].GetCounter().GetValue() + f.GetMetric()[0].GetGauge().GetValue()
	}
	return values
}

func TestFilesThatCannotBeMeant(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	_, err := Open([]string{path}, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	write(t, path, "# nothing yet\n")
	_, err = Open([]string{path}, nil)
	require.ErrorContains(t, err, "there is no key in the files")
	write(t, path, "shop "+first+"\nbilling "+first)
	_, err = Open([]string{path}, nil)
	require.ErrorContains(t, err, `"shop" and "billing" have the same key`)
	var many bytes.Buffer
	for i := range MaxKeys + 1 {
		fmt.Fprintf(&many, "shop %s%d\n", first, i)
	}
	write(t, path, many.String())
	_, err = Open([]string{path}, nil)
	require.ErrorContains(t, err, "there are 65 keys")
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("# c\nshop "+first), first)
	f.Add([]byte("shop "+first+"\r\nshop "+second), "x")
	f.Fuzz(func(t *testing.T, text []byte, key string) {
		s, err := Parse(text)
		if err != nil {
			require.Zero(t, s.Len())
			return
		}
		if name, ok := s.Check(key); ok {
			require.GreaterOrEqual(t, len(key), MinKeyBytes)
			require.Contains(t, string(text), key)
			require.Contains(t, string(text), name)
		}
	})
}
