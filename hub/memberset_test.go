package hub

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A setModel is a memberSet as a map of maps.
type setModel map[internID]map[bootIndex]bool

func (m setModel) pairs() (n int) {
	for _, boots := range m {
		n += len(boots)
	}
	return n
}

// The set does what a map does, under any additions and removals.
func TestMemberSetIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var set memberSet
		model := setModel{}
		ids := rapid.SampledFrom([]int{3, 20, 1000}).Draw(t, "ids")
		// Removals outweigh additions in some phases, so that the table grows and shrinks.
		for range rapid.IntRange(1, 6).Draw(t, "phases") {
			additions := rapid.IntRange(0, 10).Draw(t, "additions of ten")
			for range rapid.IntRange(0, 300).Draw(t, "operations") {
				id, b := internID(rapid.IntRange(1, ids).Draw(t, "id")), bootIndex(rapid.IntRange(0, 3).Draw(t, "boot"))
				if rapid.IntRange(1, 10).Draw(t, "kind") <= additions {
					addTo(t, &set, model, id, b)
				} else {
					removeFrom(t, &set, model, id, b)
				}
			}
			requireSame(t, &set, model)
		}
		for id, boots := range model {
			for b := range boots {
				removeFrom(t, &set, model, id, b)
			}
		}
		requireSame(t, &set, model)
		require.Nil(t, set.slots, "an empty set holds no table")
	})
}

func addTo(t require.TestingT, set *memberSet, model setModel, id internID, b bootIndex) {
	if model[id][b] {
		require.True(t, set.has(id, b))
		return
	}
	require.False(t, set.has(id, b))
	require.Equal(t, len(model[id]) == 0, set.add(id, b))
	if model[id] == nil {
		model[id] = map[bootIndex]bool{}
	}
	model[id][b] = true
}

func removeFrom(t require.TestingT, set *memberSet, model setModel, id internID, b bootIndex) {
	at, boots := set.find(id, b)
	require.Equal(t, len(model[id]), boots)
	require.Equal(t, model[id][b], at >= 0)
	if at < 0 {
		return
	}
	delete(model[id], b)
	if len(model[id]) == 0 {
		delete(model, id)
	}
	require.Equal(t, len(model[id]) == 0, set.remove(at))
}

func requireSame(t require.TestingT, set *memberSet, model setModel) {
	got := setModel{}
	pairs := 0
	set.each(func(s slot) {
		pairs++
		if got[s.member] == nil {
			got[s.member] = map[bootIndex]bool{}
		}
		got[s.member][s.boot] = true
	})
	require.Equal(t, model, got)
	require.Equal(t, pairs, set.used)
	require.Equal(t, model.pairs(), pairs)
	require.Equal(t, len(model), set.members)
	members := map[internID]int{}
	set.eachMember(func(id internID) bool {
		members[id]++
		return true
	})
	require.Len(t, members, len(model))
	for id, n := range members {
		require.Equal(t, 1, n, "member %d comes once", id)
		require.Equal(t, len(model[id]), set.boots(id))
	}
	require.LessOrEqual(t, set.used*4, len(set.slots)*3, "a table is three quarters full at the most")
	if len(set.slots) > minSlots {
		require.GreaterOrEqual(t, set.used*8, len(set.slots), "and shrinks")
	}
}

func TestMemberSetStopsWhenTold(t *testing.T) {
	var set memberSet
	for id := range internID(10) {
		set.add(id+1, localBoot)
	}
	seen := 0
	set.eachMember(func(internID) bool {
		seen++
		return seen < 3
	})
	require.Equal(t, 3, seen)
}

// Member numbers come in sequence and, from the interner's shards, with a stride; neither may pile up in the table.
func TestMemberSetSpreadsNumbers(t *testing.T) {
	for name, number := range map[string]func(i int) internID{
		"in sequence": func(i int) internID { return internID(i + 1) },
		"one shard's": func(i int) internID { return internID(i*internShards + 1) },
		"even ones":   func(i int) internID { return internID(2*i + 2) },
		"by the 256":  func(i int) internID { return internID(256*i + 1) },
	} {
		for _, n := range []int{12, 96, 768, 12_288, 100_000} {
			var set memberSet
			for i := range n {
				set.add(number(i), localBoot)
			}
			total := 0
			for i := range n {
				id := number(i)
				total += 1 + distance(set.home(id), set.firstOf(id), len(set.slots))
			}
			require.Less(t, float64(total)/float64(n), 4.0, "probes to find one of %d numbers %s", n, name)
		}
	}
}
