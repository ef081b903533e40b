package keyring

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A step is what the file says from a time on, in seconds after the start, and what follows: the accepted keys by their byte,
// the primary one first.
type step struct {
	at   int
	file []byte
	want []byte
}

func keysOf(bytes []byte) []Key {
	var keys []Key
	for _, b := range bytes {
		keys = append(keys, keyOf(b))
	}
	return keys
}

func TestRotationOverTime(t *testing.T) {
	delays := Delays{Primary: 180 * time.Second, Drop: 300 * time.Second}
	tests := map[string]struct {
		start []byte
		steps []step
	}{
		"in two steps": {[]byte{1}, []step{
			{10, []byte{2, 1}, []byte{1, 2}},
			{189, nil, []byte{1, 2}},
			{190, nil, []byte{2, 1}},
			{1000, nil, []byte{2, 1}},
			{1001, []byte{2}, []byte{2, 1}},
			{1300, nil, []byte{2, 1}},
			{1301, nil, []byte{2}},
		}},
		"in three steps, the new key behind first": {[]byte{1}, []step{
			{200, []byte{1, 2}, []byte{1, 2}},
			{1000, nil, []byte{1, 2}},
			{1001, []byte{2, 1}, []byte{2, 1}},
			{1002, []byte{2}, []byte{2, 1}},
			{1302, nil, []byte{2}},
		}},
		"a file with no key in common": {[]byte{1}, []step{
			{1000, []byte{2}, []byte{2, 1}},
			{1299, nil, []byte{2, 1}},
			{1300, nil, []byte{2}},
		}},
		"the old key leaves before the new one is primary": {[]byte{1}, []step{
			{1000, []byte{2, 1}, []byte{1, 2}},
			{1001, []byte{2}, []byte{2, 1}},
		}},
		"two new keys one after the other": {[]byte{1}, []step{
			{1000, []byte{2, 1}, []byte{1, 2}},
			{1100, []byte{3, 2, 1}, []byte{1, 3, 2}},
			{1180, nil, []byte{2, 3, 1}},
			{1280, nil, []byte{3, 2, 1}},
		}},
		"two new keys at once and none of the old": {[]byte{1}, []step{
			{1000, []byte{2, 3}, []byte{2, 3, 1}},
			{1300, nil, []byte{2, 3}},
		}},
		"of two new keys the one that is known for longer takes over": {[]byte{1}, []step{
			{1000, []byte{2, 1}, []byte{1, 2}},
			{1050, []byte{3, 2}, []byte{2, 3, 1}},
			{1180, nil, []byte{2, 3, 1}},
			{1230, nil, []byte{3, 2, 1}},
		}},
		"a change that is taken back": {[]byte{1}, []step{
			{1000, []byte{2, 1}, []byte{1, 2}},
			{1100, []byte{1}, []byte{1, 2}},
			{1399, nil, []byte{1, 2}},
			{1400, nil, []byte{1}},
		}},
		"a key that comes back in time": {[]byte{1}, []step{
			{1000, []byte{2}, []byte{2, 1}},
			{1200, []byte{1, 2}, []byte{1, 2}},
			{2000, nil, []byte{1, 2}},
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			start := time.Unix(0, 0)
			r := newRotation(delays, keysOf(test.start), start)
			for _, s := range test.steps {
				now := start.Add(time.Duration(s.at) * time.Second)
				if s.file != nil {
					require.NoError(t, r.list(keysOf(s.file), now))
				}
				r.advance(now)
				require.Equal(t, keysOf(s.want), r.keys(), "after %d s: %v", s.at, s.want)
			}
		})
	}
}

func TestRotationIsBounded(t *testing.T) {
	var many, more []byte
	for i := range byte(MaxKeys) {
		many, more = append(many, i+1), append(more, i+101)
	}
	now := time.Unix(0, 0)
	r := newRotation(Delays{}.withDefaults(), keysOf(many), now)
	before := r.keys()
	require.ErrorContains(t, r.list(keysOf(more), now), "wait until the former ones are dropped")
	require.Equal(t, before, r.keys())
}

func TestPreferOnlyAtStart(t *testing.T) {
	now := time.Unix(0, 0)
	delays := Delays{}.withDefaults()
	r := newRotation(delays, keysOf([]byte{2, 1}), now)
	require.False(t, r.prefer(keyOf(3), now), "unknown")
	require.True(t, r.prefer(keyOf(1), now))
	r.advance(now.Add(delays.Primary - 1))
	require.Equal(t, keysOf([]byte{1, 2}), r.keys())
	r.advance(now.Add(delays.Primary))
	require.Equal(t, keysOf([]byte{2, 1}), r.keys(), "the file decides once everybody had the time to read it")
	require.False(t, r.prefer(keyOf(1), now.Add(delays.Primary)))
}

// Two gateways whose files change at different times, as kubelets do it, always have a key in common, whatever the changes
// are, as long as each is at both before the next; and the primary is always one of the file.
func TestRotationsStayInTouch(t *testing.T) {
	const skew = 120
	rapid.Check(t, func(t *rapid.T) {
		delays := Delays{Primary: 180 * time.Second, Drop: 300 * time.Second}
		start := time.Unix(0, 0)
		file := []byte{1}
		a, b := newRotation(delays, keysOf(file), start), newRotation(delays, keysOf(file), start)
		now := start
		pass := func(seconds int) {
			for range seconds {
				now = now.Add(time.Second)
				a.advance(now)
				b.advance(now)
				common := slices.ContainsFunc(a.keys(), func(k Key) bool { return slices.Contains(b.keys(), k) })
				require.True(t, common, "no key in common")
			}
		}
		for range rapid.IntRange(1, 6).Draw(t, "changes") {
			file = rapid.Permutation(rapid.SliceOfNDistinct(rapid.ByteRange(1, 5), 1, 3, rapid.ID).Draw(t, "file")).Draw(t, "order")
			first, second := &a, &b
			if rapid.Bool().Draw(t, "b first") {
				first, second = &b, &a
			}
			require.NoError(t, first.list(keysOf(file), now))
			require.Contains(t, keysOf(file), first.primary)
			pass(rapid.IntRange(0, skew).Draw(t, "skew"))
			require.NoError(t, second.list(keysOf(file), now))
			require.Contains(t, keysOf(file), second.primary)
			pass(rapid.IntRange(0, 400).Draw(t, "pause"))
		}
		pass(600)
		require.Equal(t, keysOf(file), a.keys())
		require.Equal(t, a.keys(), b.keys())
	})
}
