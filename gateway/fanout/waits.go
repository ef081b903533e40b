package fanout

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// waitBounds are the upper bounds of the buckets of waits, three to a factor of about ten, so that a percentile read from them is
// off by less than half.
var waitBounds = [...]time.Duration{
	50 * time.Microsecond, 100 * time.Microsecond, 200 * time.Microsecond, 300 * time.Microsecond, 500 * time.Microsecond,
	700 * time.Microsecond, time.Millisecond, 1500 * time.Microsecond, 2 * time.Millisecond, 3 * time.Millisecond,
	5 * time.Millisecond, 7 * time.Millisecond, 10 * time.Millisecond, 15 * time.Millisecond, 20 * time.Millisecond,
	30 * time.Millisecond, 50 * time.Millisecond, 70 * time.Millisecond, 100 * time.Millisecond, 150 * time.Millisecond,
	200 * time.Millisecond, 300 * time.Millisecond, 500 * time.Millisecond, 700 * time.Millisecond, time.Second,
	2 * time.Second, 5 * time.Second,
}

// Waits says how long frames waited to be handed to the kernel, since the pool was made.
type Waits struct {
	// Bounds are the upper bounds of the buckets, ascending. The last bucket has none.
	Bounds []time.Duration
	// Counts are the frames of each bucket, one bucket more than there are bounds.
	Counts []uint64
	// Sum is the time that all of them waited together.
	Sum time.Duration
}

// waits counts frames by how long they waited. It costs two atomic additions a pass.
type waits struct {
	counts [len(waitBounds) + 1]atomic.Uint64
	sum    atomic.Int64
	desc   *prometheus.Desc
}

func (w *waits) init() {
	w.desc = prometheus.NewDesc(metricPrefix+"wait_seconds",
		"Time from queueing a frame until the kernel has it, for sockets that it does not refuse. All frames of one pass of a shard "+
			"count as long as its first one.", nil, nil)
}

// add notes that frames waited as long as d.
func (w *waits) add(d time.Duration, frames int) {
	at, _ := slices.BinarySearch(waitBounds[:], d)
	w.counts[at].Add(uint64(frames))
	w.sum.Add(int64(d) * int64(frames))
}

// read returns what was counted. Passes that end meanwhile may be in it partly.
func (w *waits) read() Waits {
	out := Waits{Bounds: slices.Clone(waitBounds[:]), Counts: make([]uint64, len(w.counts)), Sum: time.Duration(w.sum.Load())}
	for i := range w.counts {
		out.Counts[i] = w.counts[i].Load()
	}
	return out
}

// Describe implements [prometheus.Collector].
func (w *waits) Describe(ch chan<- *prometheus.Desc) { ch <- w.desc }

// Collect implements [prometheus.Collector].
func (w *waits) Collect(ch chan<- prometheus.Metric) {
	read := w.read()
	buckets, total := make(map[float64]uint64, len(read.Bounds)), uint64(0)
	for i, bound := range read.Bounds {
		total += read.Counts[i]
		buckets[bound.Seconds()] = total
	}
	total += read.Counts[len(read.Bounds)]
	ch <- prometheus.MustNewConstHistogram(w.desc, total, read.Sum.Seconds(), buckets)
}
