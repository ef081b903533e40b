package client

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Whatever the views say, the set is their union, and the changes that were reported make it.
func TestMergedFollowsItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMerged()
		views := map[*seat]names{} // the model
		told := names{}            // what the changes make
		held := names{}
		apply := func(added, removed []string) {
			for _, name := range added {
				require.False(t, told.has(name), "%s was added twice", name)
				told[name] = struct{}{}
			}
			for _, name := range removed {
				require.True(t, told.has(name), "%s was removed twice", name)
				delete(told, name)
			}
		}
		one := func(change bool, name string) []string {
			if change {
				return []string{name}
			}
			return nil
		}
		seats := []*seat{{}, {}, {}}
		name := rapid.SampledFrom(strings.Split("abcdefgh", ""))
		s := rapid.SampledFrom(seats)
		inView := func(n string) bool {
			for _, v := range views {
				if v.has(n) {
					return true
				}
			}
			return false
		}
		t.Repeat(map[string]func(*rapid.T){
			"snapshot": func(t *rapid.T) {
				s, list := s.Draw(t, "seat"), rapid.SliceOfNDistinct(name, 0, 8, rapid.ID[string]).Draw(t, "members")
				if len(views) == 0 {
					clear(held)
				}
				views[s] = names{}
				for _, n := range list {
					views[s][n] = struct{}{}
					delete(held, n)
				}
				apply(m.reset(s, list))
			},
			"join": func(t *rapid.T) {
				s, n := s.Draw(t, "seat"), name.Draw(t, "member")
				if v, ok := views[s]; ok {
					v[n] = struct{}{}
					delete(held, n)
				}
				apply(one(m.add(s, n), n), nil)
			},
			"leave": func(t *rapid.T) {
				s, n := s.Draw(t, "seat"), name.Draw(t, "member")
				if v, ok := views[s]; ok {
					delete(v, n)
					delete(held, n)
				}
				apply(nil, one(m.remove(s, n), n))
			},
			"drop": func(t *rapid.T) {
				s := s.Draw(t, "seat")
				gone := views[s]
				delete(views, s)
				for n := range gone {
					if !inView(n) {
						held[n] = struct{}{}
					}
				}
				m.drop(s)
			},
			"settle": func(*rapid.T) {
				if len(views) > 0 {
					clear(held)
				}
				apply(nil, m.settle())
			},
			"": func(t *rapid.T) {
				want := names{}
				for _, v := range append(slices.Collect(mapValues(views)), held) {
					for n := range v {
						want[n] = struct{}{}
					}
				}
				require.Equal(t, want.sorted(), m.all.sorted())
				require.Equal(t, want.sorted(), told.sorted())
			},
		})
	})
}

func mapValues[K comparable, V any](m map[K]V) func(func(V) bool) {
	return func(yield func(V) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// However much of the changes a slow program misses, what it is told in the end makes the same sets.
func TestBacklogKeepsTheNetChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		truth, told := names{}, names{}
		play := func(on names, events ...Event) {
			for _, e := range events {
				if p, ok := e.(Presence); ok {
					for _, n := range p.Joined {
						require.False(t, on.has(n))
						on[n] = struct{}{}
					}
					for _, n := range p.Left {
						require.True(t, on.has(n))
						delete(on, n)
					}
				}
			}
		}
		b := newBacklog("r", new(atomic.Int64))
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			n := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "member")
			e := Presence{Channel: "r"}
			if truth.has(n) {
				e.Left = []string{n}
			} else {
				e.Joined = []string{n}
			}
			play(truth, e)
			b.add(e)
			if rapid.Bool().Draw(t, "take") {
				play(told, b.take()...)
				require.Equal(t, truth.sorted(), told.sorted())
			}
		}
	})
}
