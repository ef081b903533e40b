package dedupe

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestFirstMessageIDWinsUntilTheTTLFromTheFirstUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Options{})
		remember := func(mid, wantMID string, wantDuplicate bool) {
			t.Helper()
			got, duplicate := c.Remember("ada", "room", "k", mid)
			require.Equal(t, wantMID, got)
			require.Equal(t, wantDuplicate, duplicate)
		}
		remember("m1", "m1", false)
		remember("m2", "m1", true)
		time.Sleep(2*time.Minute - time.Nanosecond)
		remember("m3", "m1", true) // which does not extend it
		time.Sleep(time.Nanosecond)
		remember("m4", "m4", false)
		remember("m5", "m4", true)
		require.Equal(t, 1, c.Len())
		time.Sleep(2 * time.Minute)
		require.Zero(t, c.Len())
	})
}

func TestKeysAreApart(t *testing.T) {
	c := New(Options{})
	for i, k := range [][3]string{
		{"ada", "room", "k"},
		{"bob", "room", "k"},
		{"ada", "hall", "k"},
		{"ada", "room", "l"},
		{"adar", "oom", "k"},
		{"ada", "roomk", ""},
		{"ada", "roo", "mk"},
		{"", "adaroom", "k"},
	} {
		_, duplicate := c.Remember(k[0], k[1], k[2], fmt.Sprint(i))
		require.False(t, duplicate, "%q", k)
	}
}

func TestAnEmptyKeyIsNeverADuplicate(t *testing.T) {
	c := New(Options{})
	for range 2 {
		mid, duplicate := c.Remember("ada", "room", "", "m")
		require.Equal(t, "m", mid)
		require.False(t, duplicate)
	}
	require.Zero(t, c.Len())
}

func TestAFullCacheForgetsTheOldestAndCountsIt(t *testing.T) {
	c := New(Options{MaxEntries: 3, MaxShare: 3})
	for i := range 4 {
		c.Remember("ada", "room", fmt.Sprint(i), fmt.Sprint("m", i))
	}
	require.Equal(t, 3, c.Len())
	mid, duplicate := c.Remember("ada", "room", "1", "new")
	require.True(t, duplicate)
	require.Equal(t, "m1", mid)
	_, duplicate = c.Remember("ada", "room", "0", "again")
	require.False(t, duplicate, "the oldest was evicted")

	require.Equal(t, map[string]float64{
		"starling_dedupe_duplicates_total":      1,
		"starling_dedupe_entries":               3,
		"starling_dedupe_evictions_total":       0,
		"starling_dedupe_share_evictions_total": 2,
	}, gather(t, c))
}

// gather returns the cache's metrics by name.
func gather(t *testing.T, c *Cache) map[string]float64 {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	require.NoError(t, reg.Register(c.Collector()))
	families, err := reg.Gather()
	require.NoError(t, err)
	values := make(map[string]float64)
	for _, f := range families {
		m := f.GetMetric()[0]
		values[f.GetName()] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
	}
	return values
}

func TestMemoryIsGivenBackOnceAllHasExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Options{})
		for i := range 10_000 {
			c.Remember(fmt.Sprint("ada", i%10), "room", fmt.Sprint(i), "m")
		}
		require.Equal(t, 10_000, c.Len())
		time.Sleep(2 * time.Minute)
		require.Zero(t, c.Len())
		require.Empty(t, c.entries.slots)
		_, duplicate := c.Remember("ada1", "room", "1", "m")
		require.False(t, duplicate)
	})
}

func TestExactlyOneOfManyRacingRetriesIsTheFirst(t *testing.T) {
	c := New(Options{})
	var firsts atomic.Int64
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 1000 {
				if _, duplicate := c.Remember("ada", "room", fmt.Sprint(i), fmt.Sprint(g)); !duplicate {
					firsts.Add(1)
				}
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1000, firsts.Load())
}

func TestAMemberMakesOnlyItsOwnKeysBeForgotten(t *testing.T) {
	c := New(Options{MaxEntries: 20})
	c.Remember("ada", "room", "k", "m1")
	api := func(i int) string { return fmt.Sprintf("%0*d", MaxPlainKey+1, i) }
	c.Remember("mallory", "room", api(0), "m2") // of the API, in the name of the same member
	for i := range 100 {
		c.Remember("mallory", "room", fmt.Sprint(i), "m")
	}
	require.Equal(t, 4, c.Len())
	mid, duplicate := c.Remember("ada", "room", "k", "again")
	require.True(t, duplicate)
	require.Equal(t, "m1", mid)
	mid, duplicate = c.Remember("mallory", "room", api(0), "again")
	require.True(t, duplicate)
	require.Equal(t, "m2", mid)
	for _, i := range []int{99, 98, 97} { // the last one is not known any more, and so remembered anew
		_, duplicate := c.Remember("mallory", "room", fmt.Sprint(i), "again")
		require.Equal(t, i > 97, duplicate, i)
	}
	for i := range 20 {
		c.Remember("", "room", api(i+1), "m")
	}
	require.Equal(t, 20, c.Len(), "who is trusted has no share, but there is one bound for all")
	require.Equal(t, map[string]float64{
		"starling_dedupe_duplicates_total":      4,
		"starling_dedupe_entries":               20,
		"starling_dedupe_evictions_total":       4,
		"starling_dedupe_share_evictions_total": 99,
	}, gather(t, c))
}

func TestAKeyKnowsWhatItWasUsedFor(t *testing.T) {
	c := New(Options{})
	key := strings.Repeat("k", MaxPlainKey+1)
	require.False(t, c.Conflicts("", "room", WithBody(key, "a", "b")))
	c.Remember("", "room", WithBody(key, "a", "b"), "m1")
	require.False(t, c.Conflicts("", "room", WithBody(key, "a", "b")))
	require.True(t, c.Conflicts("", "room", WithBody(key, "ab", "")))
	require.True(t, c.Conflicts("", "room", WithBody(key, "a")))
	require.False(t, c.Conflicts("", "hall", WithBody(key, "a")))
	for _, same := range []string{key, WithBody(key, "a", "b"), WithBody(key, "c")} {
		mid, duplicate := c.Remember("", "room", same, "m2")
		require.True(t, duplicate)
		require.Equal(t, "m1", mid)
	}
	// What comes from a gateway that does not know of this is not known to differ.
	c.Remember("", "hall", key, "m3")
	require.False(t, c.Conflicts("", "hall", WithBody(key, "a")))
	// Members' keys are what they are.
	c.Remember("ada", "room", "x"+bodyMark+"1", "m4")
	_, duplicate := c.Remember("ada", "room", "x"+bodyMark+"2", "m5")
	require.False(t, duplicate)
	require.False(t, c.Conflicts("ada", "room", "x"+bodyMark+"2"))
}

// The cache always answers as a plain list of (member, key, mid, time) does, from which the expired are cut, then the oldest of a member
// with too many, and then the oldest.
func TestCacheEqualsItsModel(t *testing.T) {
	type remembered struct {
		member, key, mid string
		at               time.Time
	}
	rapid.Check(t, func(rt *rapid.T) {
		const ttl = time.Minute
		bound, share := rapid.IntRange(1, 100).Draw(rt, "bound"), rapid.IntRange(1, 50).Draw(rt, "share")
		steps := rapid.SliceOfN(rapid.IntRange(0, 200), 0, 400).Draw(rt, "steps")
		synctest.Test(t, func(t *testing.T) {
			c := New(Options{TTL: ttl, MaxEntries: bound, MaxShare: share})
			var model []remembered
			for i, step := range steps {
				if step > 150 {
					time.Sleep(time.Duration(step) * 100 * time.Millisecond)
				}
				member, key, mid := []string{"api", "ada", "bob"}[step%3], fmt.Sprint(step), fmt.Sprint("m", i)
				if member == "api" {
					key = strings.Repeat("k", MaxPlainKey) + key
				}
				for len(model) > 0 && time.Since(model[0].at) >= ttl {
					model = model[1:]
				}
				want, wantDuplicate := mid, false
				own := 0
				for _, r := range model {
					if r.member == member {
						own++
						if r.key == key {
							want, wantDuplicate = r.mid, true
						}
					}
				}
				if !wantDuplicate {
					switch {
					case member != "api" && own >= share:
						oldest := slices.IndexFunc(model, func(r remembered) bool { return r.member == member })
						model = slices.Delete(model, oldest, oldest+1)
					case len(model) == bound:
						model = model[1:]
					}
					model = append(model, remembered{member, key, mid, time.Now()})
				}
				got, duplicate := c.Remember(member, "room", key, mid)
				require.Equal(t, want, got)
				require.Equal(t, wantDuplicate, duplicate)
				require.Equal(t, len(model), c.Len())
			}
		})
	})
}

func BenchmarkRemember(b *testing.B) {
	keys := make([]string, 1<<18)
	for i := range keys {
		keys[i] = fmt.Sprintf("retry-%d", i)
	}
	b.Run("one publisher", func(b *testing.B) {
		c := New(Options{})
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			c.Remember("ada", "room", keys[i%len(keys)], "m")
		}
	})
	b.Run("parallel", func(b *testing.B) {
		c := New(Options{})
		var next atomic.Int64
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				c.Remember("ada", "room", keys[int(next.Add(1))%len(keys)], "m")
			}
		})
	})
}
