package overview

import "time"

// Quantile returns the value below which a part q of the counted lie, by a straight line inside the bucket where it falls; ok is false
// when nothing was counted. bounds are the upper bounds of the buckets, and counts has one more: those over the last bound, for
// which that bound is the answer.
func Quantile(q float64, bounds []time.Duration, counts []uint64) (value time.Duration, ok bool) {
	total := uint64(0)
	for _, n := range counts {
		total += n
	}
	if total == 0 || len(bounds) == 0 {
		return 0, false
	}
	rank, below := q*float64(total), float64(0)
	for i, bound := range bounds {
		n := float64(counts[i])
		if below+n >= rank && n > 0 {
			low := time.Duration(0)
			if i > 0 {
				low = bounds[i-1]
			}
			return low + time.Duration(float64(bound-low)*(rank-below)/n), true
		}
		below += n
	}
	return bounds[len(bounds)-1], true
}
