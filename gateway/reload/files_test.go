package reload

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

var errNotText = errors.New("this is no text")

func joined(contents [][]byte) (string, error) {
	text := string(bytes.Join(contents, []byte("+")))
	if strings.Contains(text, "\x00") {
		return "", errNotText
	}
	return text, nil
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func TestChangesAreSeenAndBadOnesAreNot(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	write(t, a, "1")
	write(t, b, "2")
	f, err := Open("letters", []string{a, b}, joined)
	require.NoError(t, err)
	require.Equal(t, "1+2", f.Value())

	changed, err := f.Check()
	require.NoError(t, err)
	require.False(t, changed)

	write(t, b, "\x00")
	_, err = f.Check()
	require.ErrorIs(t, err, errNotText)
	require.ErrorContains(t, err, "reading letters")
	require.NoError(t, os.Remove(b))
	_, err = f.Check()
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Equal(t, "1+2", f.Value())
	require.EqualValues(t, 2, f.Failures())

	write(t, b, "3")
	changed, err = f.Check()
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, "1+3", f.Value())
}

// Kubernetes replaces a mounted Secret by moving a link to another directory.
func TestReplacedLinksAreSeen(t *testing.T) {
	dir := t.TempDir()
	for _, version := range []string{"v1", "v2"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, version), 0o700))
		write(t, filepath.Join(dir, version, "key"), version)
	}
	require.NoError(t, os.Symlink("v1", filepath.Join(dir, "..data")))
	require.NoError(t, os.Symlink("..data/key", filepath.Join(dir, "key")))
	f, err := Open("key", []string{filepath.Join(dir, "key")}, joined)
	require.NoError(t, err)
	require.NoError(t, os.Symlink("v2", filepath.Join(dir, "next")))
	require.NoError(t, os.Rename(filepath.Join(dir, "next"), filepath.Join(dir, "..data")))
	_, err = f.Check()
	require.NoError(t, err)
	require.Equal(t, "v2", f.Value())
}

func TestOpenFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	_, err := Open("letters", []string{path}, joined)
	require.ErrorIs(t, err, os.ErrNotExist)
	write(t, path, strings.Repeat("x", MaxBytes+1))
	_, err = Open("letters", []string{path}, joined)
	require.ErrorContains(t, err, "has more than 262144 bytes")
	f, err := Open("nothing", nil, joined)
	require.NoError(t, err)
	require.Empty(t, f.Value())
	f.Run(context.Background(), slog.New(slog.DiscardHandler)) // returns at once
}

func TestRunLogsEachErrorOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	write(t, path, "1")
	synctest.Test(t, func(t *testing.T) {
		f, err := Open("letters", []string{path}, joined)
		require.NoError(t, err)
		var text bytes.Buffer
		ctx, cancel := context.WithCancel(context.Background())
		var done sync.WaitGroup
		done.Go(func() { f.Run(ctx, slog.New(slog.NewTextHandler(&text, nil))) })
		write(t, path, "\x00")
		time.Sleep(3*Interval + Interval/2) // never at the moment of a look
		write(t, path, "1")
		time.Sleep(2 * Interval)
		write(t, path, "2")
		time.Sleep(2 * Interval)
		cancel()
		done.Wait()
		require.Equal(t, "2", f.Value())
		require.Equal(t, 1, strings.Count(text.String(), "cannot be used"))
		require.Equal(t, 1, strings.Count(text.String(), "can be used again"))
		require.Equal(t, 1, strings.Count(text.String(), "files have changed\""))
	})
}
