package client

import "hash/maphash"

const (
	// usualMIDs is how many message ids are remembered at least: a gateway that lags may send again, on a new connection, what came
	// on the old one a moment ago.
	usualMIDs = 1 << 10
	// movingMIDs is the same while two connections are read.
	movingMIDs = 1 << 15
)

// recent is a set of the latest message ids, in two generations: when the younger is full the older is forgotten. It keeps hashes
// of 64 bits.
type recent struct {
	seed       maphash.Seed
	young, old map[uint64]struct{}
}

func newRecent() recent { return recent{seed: maphash.MakeSeed()} }

// add remembers a message id among the last most, and reports whether it is new.
func (r *recent) add(mid string, most int) bool {
	h := maphash.String(r.seed, mid)
	if _, seen := r.young[h]; seen {
		return false
	}
	if _, seen := r.old[h]; seen {
		return false
	}
	if r.young == nil || len(r.young) >= most {
		r.old, r.young = r.young, make(map[uint64]struct{})
	}
	r.young[h] = struct{}{}
	return true
}
