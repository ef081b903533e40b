package fanout

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are counted once a pass and written frame by frame only where a goroutine catches up.
type metrics struct {
	pool        *Pool
	catchingUp  atomic.Int64 // owned sockets
	writes      prometheus.Counter
	frames      prometheus.Counter
	bytes       prometheus.Counter
	writeErrors prometheus.Counter
	batch       prometheus.Histogram
	passes      prometheus.Histogram
	slowCloses  *prometheus.CounterVec
	dropped     *prometheus.CounterVec
	droppedSize *prometheus.CounterVec
	gauges      []prometheus.Collector
	waits       waits
}

const metricPrefix = "starling_fanout_"

func newMetrics(p *Pool) *metrics {
	m := &metrics{
		pool:        p,
		writes:      counter("writes_total", "Writes to sockets that took at least one byte."),
		frames:      counter("frames_total", "WebSocket frames handed to the kernel."),
		bytes:       counter("bytes_total", "Bytes of WebSocket frames handed to the kernel."),
		writeErrors: counter("write_errors_total", "Sockets closed because a write failed, mostly of a peer that is gone."),
		batch: histogram("batch_frames", "Frames in one write, as the average of one pass of a shard over its sockets.",
			prometheus.ExponentialBuckets(1, 2, 10)),
		passes: histogram("pass_seconds", "Time of one pass of a shard over the sockets that have something queued.",
			prometheus.ExponentialBuckets(20e-6, 4, 9)),
		slowCloses: vector("slow_closes_total", "Sockets closed because of what waited for them: "+
			"slow and overflow are the peer's doing, overrun is this server's."),
		dropped:     vector("dropped_frames_total", "Frames dropped unwritten because their socket was closed."),
		droppedSize: vector("dropped_bytes_total", "Bytes of frames dropped unwritten because their socket was closed."),
	}
	for r := range Reason(reasons) { // so that a rate is known from the first one on
		m.dropped.WithLabelValues(r.String())
		m.droppedSize.WithLabelValues(r.String())
	}
	for _, r := range slowReasons() {
		m.slowCloses.WithLabelValues(r.String())
	}
	m.waits.init()
	m.gauges = p.gauges()
	return m
}

// slowReasons are those for which a socket is closed because of what waited for it.
func slowReasons() []Reason { return []Reason{ReasonSlow, ReasonOverflow, ReasonOverrun} }

func (p *Pool) gauges() []prometheus.Collector {
	return []prometheus.Collector{
		p.gauge("sockets", "Sockets attached.", func(sh *shard) float64 { return float64(sh.count()) }),
		p.gauge("queue_bytes", "Bytes that wait in sockets that the kernel does not refuse.",
			func(sh *shard) float64 { return float64(sh.queued.Load()) }),
		p.gauge("refused_queue_bytes", "Bytes that wait in sockets that the kernel refuses.",
			func(sh *shard) float64 { return float64(sh.refused.Load()) }),
		p.gauge("window_seconds", "How long the shards wait for more frames before they write, together.",
			func(sh *shard) float64 { return time.Duration(sh.winSize.Load()).Seconds() }),
		gauge("catching_up_sockets", "Sockets written by a goroutine of their own.",
			func() float64 { return float64(p.metrics.catchingUp.Load()) }),
		gauge("lagging", "1 while publishers are held back because the server is behind.", func() float64 {
			if p.Lagging() {
				return 1
			}
			return 0
		}),
	}
}

func (m *metrics) collectors() []prometheus.Collector {
	return append([]prometheus.Collector{
		m.writes, m.frames, m.bytes, m.writeErrors, m.batch, m.passes, m.slowCloses, m.dropped, m.droppedSize, &m.waits,
	}, m.gauges...)
}

// Describe implements [prometheus.Collector].
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range m.collectors() {
		c.Describe(ch)
	}
}

// Collect implements [prometheus.Collector].
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	for _, c := range m.collectors() {
		c.Collect(ch)
	}
}

func (m *metrics) pass(p pass) {
	if p.writes == 0 {
		return
	}
	m.wrote(p.writes, p.frames, p.bytes)
	m.batch.Observe(float64(p.frames) / float64(p.writes))
	m.passes.Observe(p.busy.Seconds())
	m.waits.add(p.waited, p.frames)
}

func (m *metrics) wrote(writes, frames, bytes int) {
	m.writes.Add(float64(writes))
	m.frames.Add(float64(frames))
	m.bytes.Add(float64(bytes))
}

func (m *metrics) drop(r Reason, frames, bytes int) {
	m.dropped.WithLabelValues(r.String()).Add(float64(frames))
	m.droppedSize.WithLabelValues(r.String()).Add(float64(bytes))
}

func (m *metrics) slowClosed(r Reason) { m.slowCloses.WithLabelValues(r.String()).Inc() }
