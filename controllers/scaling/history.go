package scaling

import (
	"slices"
	"time"
)

// MaxGap is how long a cluster may go without a sample before what was seen no longer counts as seen all the time. An older sample
// is stale.
const MaxGap = 30 * time.Second

// A Sample is the load of a cluster at a time.
type Sample struct {
	At time.Time
	// Connections are those of all gateways that answered, ending ones too: their clients will be elsewhere in a moment.
	Connections int64
	// Complete says that every gateway answered. If not, the connections are at least so many.
	Complete bool
}

// A History is what was seen of a cluster's load lately. Its zero value has seen nothing, as an operator that has just started. It
// holds an hour at most, and is not safe for concurrent use.
type History struct {
	samples []Sample
}

// longest is the longest time that a spec can ask to look back.
const longest = time.Hour

// Add takes a sample, which is not older than those before.
func (h *History) Add(s Sample) {
	old, _ := slices.BinarySearchFunc(h.samples, s.At.Add(-longest-MaxGap), func(s Sample, at time.Time) int { return s.At.Compare(at) })
	h.samples = append(slices.Delete(h.samples, 0, old), s)
}

// last returns the newest sample, if it is fresh.
func (h *History) last(now time.Time) (Sample, bool) {
	if len(h.samples) == 0 {
		return Sample{}, false
	}
	s := h.samples[len(h.samples)-1]
	return s, now.Sub(s.At) <= MaxGap
}

// highest returns the most connections that complete samples of the window had; false if the window was not seen without a gap.
func (h *History) highest(now time.Time, window time.Duration) (int64, bool) {
	var most int64
	since, whole := h.walk(now, window, func(s Sample) bool {
		if s.Complete {
			most = max(most, s.Connections)
		}
		return s.Complete
	})
	return most, whole && since >= window
}

// lowest returns the fewest connections that samples of the window had for sure; false if the window was not seen without a gap.
func (h *History) lowest(now time.Time, window time.Duration) (int64, bool) {
	least := int64(-1)
	since, whole := h.walk(now, window, func(s Sample) bool {
		if least < 0 || s.Connections < least {
			least = s.Connections
		}
		return true
	})
	return least, whole && since >= window
}

// walk shows the samples of a window, the newest first, until there is a gap between those that count. It returns how far it got.
func (h *History) walk(now time.Time, window time.Duration, counts func(Sample) bool) (reached time.Duration, found bool) {
	next := now
	for _, s := range slices.Backward(h.samples) {
		if next.Sub(s.At) > MaxGap {
			break
		}
		if !counts(s) {
			continue
		}
		next, found = s.At, true
		if reached = now.Sub(s.At); reached >= window {
			break
		}
	}
	return reached, found
}
