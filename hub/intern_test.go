package hub

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInterner(t *testing.T) {
	var in interner
	in.init()
	require.Zero(t, in.lookup("ann"))
	ann, bob := in.acquire("ann"), in.acquire("bob")
	require.NotZero(t, ann)
	require.NotEqual(t, ann, bob)
	require.Equal(t, ann, in.acquire("ann"))
	require.Equal(t, ann, in.lookup("ann"))
	require.Equal(t, "ann", in.name(ann))
	in.retain(ann)
	require.Equal(t, 2, in.len())

	for range 2 {
		in.release(ann)
		require.Equal(t, "ann", in.name(ann))
	}
	in.release(ann)
	require.Zero(t, in.lookup("ann"))
	require.Equal(t, 1, in.len())
	require.Equal(t, "bob", in.name(bob))
	require.Equal(t, ann, in.acquire("ann"), "a free number is used again")
}

func TestInternerNumbersAreDistinct(t *testing.T) {
	var in interner
	in.init()
	names := map[internID]string{}
	for i := range 10_000 {
		name := fmt.Sprint(i)
		names[in.acquire(name)] = name
	}
	require.Len(t, names, 10_000)
	for id, name := range names {
		require.Equal(t, name, in.name(id))
	}
}

func TestInternerIsSafe(t *testing.T) {
	var in interner
	in.init()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 2000 {
				name := fmt.Sprint(i % 50)
				id := in.acquire(name)
				if got := in.name(id); got != name {
					t.Errorf("number of %q has name %q", name, got)
				}
				in.release(id)
			}
		})
	}
	wg.Wait()
	require.Zero(t, in.len())
}
