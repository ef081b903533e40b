package load

import (
	"maps"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Counts are what a process has done so far.
type Counts struct {
	// Opened connections have joined their channels; Failed ones have given up. Open is how many are open now.
	Opened int `json:"opened"`
	Failed int `json:"failed"`
	Open   int `json:"open"`
	// Opening and Pacing say that it still goes on.
	Opening bool `json:"opening"`
	Pacing  bool `json:"pacing"`
	// Sent and Delivered count publishes, or joins and what others saw of them.
	Sent      uint64 `json:"sent"`
	Delivered uint64 `json:"delivered"`
}

// Result is what a process measured since the plan began.
type Result struct {
	Counts
	// Streams is how many publishes of each stream were sent.
	Streams []uint32 `json:"streams"`
	// InWindow is how many deliveries arrived while it was measured, SentInWindow how many publishes were sent then.
	InWindow     uint64 `json:"inWindow"`
	SentInWindow uint64 `json:"sentInWindow"`
	// Reordered came after a later one of the same stream, Duplicates came again, Untracked were not expected on that connection.
	Reordered  uint64 `json:"reordered"`
	Duplicates uint64 `json:"duplicates"`
	Untracked  uint64 `json:"untracked"`
	// Gaps, Errors and Vanished count events that say so: losses, refused requests and members that left.
	Gaps     uint64 `json:"gaps"`
	Errors   uint64 `json:"errors"`
	Vanished uint64 `json:"vanished"`
	// Ends counts connections that ended by themselves, by close code or error; StalledEnds those that did not read.
	Ends        map[string]int `json:"ends"`
	StalledEnds map[string]int `json:"stalledEnds"`
	// Failures counts failed attempts to open a connection, by cause. The connection may have been opened later.
	Failures map[string]int `json:"failures"`
	// FirstDue and LastOpen are when the first connection was due and the last one open, in nanoseconds of [Now].
	FirstDue int64 `json:"firstDue"`
	LastOpen int64 `json:"lastOpen"`
	// Latency of deliveries, Lateness of the generator's own sends, Open of connections: encoded histograms of nanoseconds.
	Latency  Histogram `json:"latency"`
	Lateness Histogram `json:"lateness"`
	OpenTime Histogram `json:"openTime"`
	// FirstError is an example of what Errors counts.
	FirstError string `json:"firstError,omitempty"`
}

// Merge adds another process's result.
func (r *Result) Merge(o *Result) {
	r.Opened += o.Opened
	r.Failed += o.Failed
	r.Open += o.Open
	r.Sent += o.Sent
	r.Delivered += o.Delivered
	for len(r.Streams) < len(o.Streams) {
		r.Streams = append(r.Streams, 0)
	}
	for s, n := range o.Streams {
		r.Streams[s] += n
	}
	r.InWindow += o.InWindow
	r.SentInWindow += o.SentInWindow
	r.Reordered += o.Reordered
	r.Duplicates += o.Duplicates
	r.Untracked += o.Untracked
	r.Gaps += o.Gaps
	r.Errors += o.Errors
	r.Vanished += o.Vanished
	r.Ends = added(r.Ends, o.Ends)
	r.StalledEnds = added(r.StalledEnds, o.StalledEnds)
	r.Failures = added(r.Failures, o.Failures)
	if r.FirstDue == 0 || o.FirstDue != 0 && o.FirstDue < r.FirstDue {
		r.FirstDue = o.FirstDue
	}
	r.LastOpen = max(r.LastOpen, o.LastOpen)
	r.Latency.merge(o.Latency)
	r.Lateness.merge(o.Lateness)
	r.OpenTime.merge(o.OpenTime)
	if r.FirstError == "" {
		r.FirstError = o.FirstError
	}
}

func added(a, b map[string]int) map[string]int {
	sum := maps.Clone(a)
	if sum == nil {
		sum = map[string]int{}
	}
	for k, n := range b {
		sum[k] += n
	}
	return sum
}

// A Histogram is a distribution of nanoseconds. In JSON it is compressed.
type Histogram struct{ *hdrhistogram.Histogram }

const (
	shortest = 1_000           // 1 µs
	longest  = 300_000_000_000 // 300 s: what took longer counts as that
	digits   = 3
)

// NewHistogram returns an empty one, from 1 µs to 300 s with three digits.
func NewHistogram() Histogram { return Histogram{hdrhistogram.New(shortest, longest, digits)} }

// Record adds a time in nanoseconds. Times outside of the range count as its ends.
func (h Histogram) Record(ns int64) { _ = h.RecordValue(min(max(ns, shortest), longest)) }

func (h *Histogram) merge(o Histogram) {
	if h.Histogram == nil {
		*h = NewHistogram()
	}
	if o.Histogram != nil {
		h.Histogram.Merge(o.Histogram)
	}
}

// MarshalText implements [encoding.TextMarshaler].
func (h Histogram) MarshalText() ([]byte, error) {
	if h.Histogram == nil {
		return nil, nil
	}
	return h.EncodeV2()
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (h *Histogram) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	var err error
	h.Histogram, err = hdrhistogram.Decode(text)
	return err
}
