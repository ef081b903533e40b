package keyring

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/reload"
)

// mount writes a file as kubelet does it for a mounted Secret: in a new folder, to which a link is changed in one step.
func mount(t *testing.T, dir, text string) (path string) {
	t.Helper()
	folder, err := os.MkdirTemp(dir, "..data_") //nolint:usetesting // beside the link to it
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "keys"), []byte(text), 0o600))
	require.NoError(t, os.Symlink(filepath.Base(folder), filepath.Join(dir, "..data_tmp")))
	require.NoError(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	path = filepath.Join(dir, "keys")
	if _, err := os.Lstat(path); err != nil {
		require.NoError(t, os.Symlink(filepath.Join("..data", "keys"), path))
	}
	return path
}

// metric returns the value of a metric whose label, if it has one, has the given value.
func metric(t *testing.T, g prometheus.Gatherer, name string, label ...string) float64 {
	t.Helper()
	families, err := g.Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (len(label) == 0 || m.GetLabel()[0].GetValue() == label[0]) {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	require.Fail(t, "no metric "+name)
	return 0
}

func fileOf(keys ...Key) string {
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(k.Encode() + "\n")
	}
	return b.String()
}

func TestFollowerFollowsAMountedSecret(t *testing.T) {
	dir := t.TempDir()
	old, next := keyOf('o'), keyOf('n')
	path := mount(t, dir, fileOf(old))
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		registry := prometheus.NewRegistry()
		r := ring(t, "prod", 1, old)
		f := NewFollower(FollowerConfig{Path: path, Keys: r, Logger: slog.New(slog.NewTextHandler(&log, nil)), Registerer: registry})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			f.Run(ctx)
		}()
		expect := func(keys ...Key) {
			t.Helper()
			synctest.Wait()
			var ids []string
			for _, k := range keys {
				ids = append(ids, k.ID())
				require.True(t, r.CheckAdminToken(k.AdminToken()))
			}
			require.Equal(t, ids, r.IDs())
		}
		time.Sleep(time.Minute)
		expect(old)
		require.Empty(t, log.String(), "nothing to tell")

		changed := r.Changed()
		mount(t, dir, fileOf(next, old))
		time.Sleep(3 * DefaultInterval)
		expect(old, next)
		<-changed
		time.Sleep(3*time.Minute - 4*DefaultInterval)
		expect(old, next)
		time.Sleep(4 * DefaultInterval)
		expect(next, old)

		for _, garbage := range []string{"", "secret\n", next.Encode() + "\nsecret", strings.Repeat("#", reload.MaxBytes+1)} {
			mount(t, dir, garbage)
			time.Sleep(5 * time.Minute)
			expect(next, old)
			require.InDelta(t, 0, metric(t, registry, "starling_mesh_key_file_valid"), 0)
		}
		require.NoError(t, os.Remove(path))
		time.Sleep(5 * time.Minute)
		expect(next, old)
		require.Equal(t, 5, strings.Count(log.String(), "cannot be used"), "each fault is told once: %s", log.String())

		mount(t, dir, fileOf(next))
		time.Sleep(3 * DefaultInterval)
		require.InDelta(t, 1, metric(t, registry, "starling_mesh_key_file_valid"), 0)
		expect(next, old)
		time.Sleep(5 * time.Minute)
		expect(next)
		require.False(t, r.CheckAdminToken(old.AdminToken()))
		require.Equal(t, 1, strings.Count(log.String(), "can be used again"))
		for _, secret := range []string{"secret", old.Encode(), next.Encode(), old.AdminToken()} {
			require.NotContains(t, log.String(), secret)
		}
		for _, change := range []string{"added", "primary", "dropped"} {
			require.InDelta(t, 1, metric(t, registry, "starling_mesh_key_changes_total", change), 0, change)
		}
		require.InDelta(t, 1, metric(t, registry, "starling_mesh_keys"), 0)
		cancel()
		<-done
	})
}

// A file that is written in place can be seen half done. What only one look finds counts for nothing.
func TestFollowerWaitsUntilAFileHasSettled(t *testing.T) {
	dir := t.TempDir()
	one, two := keyOf(1), keyOf(2)
	path := mount(t, dir, fileOf(one, two))
	r := ring(t, "prod", 1, one, two)
	f := NewFollower(FollowerConfig{Path: path, Keys: r})
	f.look()
	f.look()
	mount(t, dir, fileOf(two))
	f.look()
	mount(t, dir, fileOf(one, two))
	f.look()
	f.look()
	require.Equal(t, []string{one.ID(), two.ID()}, r.IDs())
	mount(t, dir, fileOf(two))
	f.look()
	f.look()
	require.Equal(t, []string{two.ID(), one.ID()}, r.IDs())
}
