package dedupe

import (
	"encoding/binary"
	"hash/maphash"
)

// A digest stands for a member, channel and key. With 128 bits and secret seeds two of 100,000 entries are the same by
// chance once in 10^28 caches, and nobody can look for a pair that is.
type digest [2]uint64

type hasher struct{ seeds [2]maphash.Seed }

func newHasher() hasher {
	return hasher{[2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
}

func (h *hasher) sum(member, channel, key string) digest {
	var d digest
	for i, seed := range h.seeds {
		var m maphash.Hash
		m.SetSeed(seed)
		// Lengths keep ("ab", "c") apart from ("a", "bc").
		var lens [16]byte
		binary.LittleEndian.PutUint64(lens[:8], uint64(len(member)))
		binary.LittleEndian.PutUint64(lens[8:], uint64(len(channel)))
		_, _ = m.Write(lens[:])
		_, _ = m.WriteString(member)
		_, _ = m.WriteString(channel)
		_, _ = m.WriteString(key)
		d[i] = m.Sum64()
	}
	return d
}

// owner stands for a member. Two members with the same one, by a chance of 2^-64 for each pair, share a share.
func (h *hasher) owner(member string) uint64 { return maphash.String(h.seeds[1], member) }
