package hub

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// bytesPerRemoteEntry fills a hub with presence of another boot, entries over channels and members of 22 bytes each, and
// returns the heap that one entry takes with everything around it.
func bytesPerRemoteEntry(t testing.TB, entries, channels, members int) float64 {
	t.Helper()
	before := heap()
	h := New(Options{})
	for i := range entries {
		// Every round of the channels takes other members, as people spread in more than one channel.
		channel, member := i%channels, i
		if members < entries {
			member = (i + i/channels*7919) % members
		}
		h.ApplyRemote(bootB, Delta{Op: OpJoin, Channel: fmt.Sprintf("channel-%08d", channel), Member: fmt.Sprintf("member-%015d", member)})
	}
	used := heap() - before
	require.Equal(t, entries, h.Stats().PresenceEntries)
	require.Equal(t, channels, h.Stats().Channels)
	require.Equal(t, members, h.Stats().Members)
	h.Close()
	return float64(used) / float64(entries)
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// The replica of other gateways' presence is what bounds the size of a cluster.
func BenchmarkRemoteEntryMemory(b *testing.B) {
	for _, members := range []int{300_000, 1_000_000} {
		b.Run(fmt.Sprintf("entries=1000000/channels=100000/members=%d", members), func(b *testing.B) {
			perEntry := 0.0
			for b.Loop() {
				perEntry = bytesPerRemoteEntry(b, 1_000_000, 100_000, members)
			}
			b.ReportMetric(perEntry, "bytes/entry")
		})
	}
}

func TestRemoteEntryMemory(t *testing.T) {
	require.LessOrEqual(t, bytesPerRemoteEntry(t, 100_000, 10_000, 30_000), 80.0, "bytes an entry")
}
