package gateway

import (
	"runtime"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/starling-realtime/starling/gateway/buildinfo"
	"github.com/starling-realtime/starling/gateway/protocol"
)

const namespace = "starling"

// latencyBuckets reach from what an idle gateway needs to the second after which a wait is given up.
var latencyBuckets = []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}

// metrics are what the server itself counts. Children that the hot path needs are looked up once.
type metrics struct {
	accepted  prometheus.Counter
	streams   prometheus.Counter
	requests  map[protocol.RequestType]prometheus.Counter
	badFrames prometheus.Counter
	bytesIn   prometheus.Counter
	errors    map[protocol.ErrorCode]prometheus.Counter
	refused   *prometheus.CounterVec
	closed    *prometheus.CounterVec
	limitHits *prometheus.CounterVec

	drainsCanceled *prometheus.CounterVec

	publish     prometheus.Histogram
	join        prometheus.Histogram
	partial     prometheus.Counter
	duplicates  prometheus.Counter
	silent      prometheus.Counter
	expired     prometheus.Counter
	renewed     prometheus.Counter
	readyLate   prometheus.Counter
	drains      prometheus.Counter
	asked       prometheus.Counter
	moved       prometheus.Counter
	forced      prometheus.Counter
	shed        prometheus.Counter
	shedStops   prometheus.Counter
	acceptWait  prometheus.Histogram
	adminDenied prometheus.Counter
	paused      prometheus.Counter

	answersPaused prometheus.Counter
	logLeftOut    prometheus.Counter
	paced         prometheus.Counter
}

func newMetrics(reg *prometheus.Registry, limits Limits) *metrics {
	f := factory{reg}
	m := &metrics{
		accepted:  f.counter("connections_accepted_total", "Connections that were upgraded and admitted."),
		streams:   f.counter("event_streams_accepted_total", "Connections accepted that are event streams."),
		badFrames: f.counter("bad_frames_total", "Malformed client frames."),
		bytesIn:   f.counter("received_bytes_total", "Bytes of client messages."),
		refused:   f.counterVec("refused_total", "Handshakes refused, by reason.", "reason"),
		closed: f.counterVec("closed_total",
			"Connections ended, by the close code that this gateway sent; client: the client closed, none: without a close frame.", "code"),
		limitHits: f.counterVec("limit_hits_total",
			"Requests and connections refused because of a bound, by the bound's flag.", "limit"),
		publish: f.latency("publish_seconds",
			"Time from reading a publish until it is queued for all local connections and peers, waits included."),
		join:       f.latency("join_seconds", "Time from reading a join until its reply is queued, waits for peers included."),
		partial:    f.counter("joins_partial_total", "Joins answered with partial: true because a peer was too slow."),
		duplicates: f.counter("publishes_deduplicated_total", "Publishes not delivered again because their key was known."),
		silent:     f.counter("connections_silent_total", "Connections closed because nothing came for two heartbeats."),
		renewed:    f.counter("credentials_renewed_total", "Connections whose credentials were renewed by a new token."),
		expired:    f.counter("connections_expired_total", "Connections closed because their credentials expired."),
		readyLate: f.counter("ready_fallback_total",
			"Times that clients were taken before this gateway was in step with its peers."),
		acceptWait: f.latency("accept_wait_seconds", "Time that upgrades waited for their turn under --accept-per-second, of those that had to."),
		drains:     f.counter("drains_total", "Drains begun."),
		drainsCanceled: f.counterVec("drains_canceled_total",
			"Drains canceled, by whom: request, or lease when nobody renewed it.", "by"),
		asked:  f.counter("drain_asked_total", "Connections that a drain asked to connect elsewhere."),
		moved:  f.counter("drain_moved_total", "Connections that a drain asked to connect elsewhere and that have ended since."),
		forced: f.counter("drain_forced_total", "Connections that a drain had to close because their clients had not moved."),
		shed: f.counter("rebalance_asked_total",
			"Connections that were asked to connect elsewhere because this gateway had more than others."),
		shedStops: f.counter("rebalance_stops_total", "Times that rebalancing stopped because it did not help."),
		paused: f.counter("publishers_paused_seconds_total",
			"Time that publishers' reads were paused because this gateway's own connections were behind."),
		answersPaused: f.counter("answers_paused_seconds_total",
			"Time that connections' reads were paused because what was sent to them before was still waiting."),
		paced: f.counter("publishers_paced_seconds_total",
			"Time that connections' reads were paused because they sent more than others can be expected to read."),
		logLeftOut: f.counter("log_lines_left_out_total",
			"Log lines about clients and peers that were left out because of --log-lines-per-second."),
		adminDenied: f.counter("admin_denied_total", "Admin requests without the right token."),
	}
	m.byRequest(f)
	m.byError(f)
	f.limits(limits)
	f.buildInfo()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) byRequest(f factory) {
	vec := f.counterVec("requests_total", "Well-formed client requests, by type.", "type")
	m.requests = make(map[protocol.RequestType]prometheus.Counter)
	for _, t := range protocol.RequestTypes() {
		m.requests[t] = vec.WithLabelValues(string(t))
	}
}

func (m *metrics) byError(f factory) {
	vec := f.counterVec("errors_total", "Error frames sent, by code.", "code")
	m.errors = make(map[protocol.ErrorCode]prometheus.Counter)
	for _, c := range protocol.ErrorCodes() {
		m.errors[c] = vec.WithLabelValues(string(c))
	}
}

// countError counts an error frame. Codes of an embedding program's authenticator need not be ours.
func (m *metrics) countError(code protocol.ErrorCode) {
	if c := m.errors[code]; c != nil {
		c.Inc()
	}
}

func (m *metrics) hit(limit string) { m.limitHits.WithLabelValues(limit).Inc() }

func (m *metrics) close(code protocol.CloseCode) {
	m.closed.WithLabelValues(strconv.Itoa(int(code))).Inc()
}

// ended counts the end of a session: see session.closing.
func (m *metrics) ended(closing uint32) {
	switch closing {
	case 0:
		m.closed.WithLabelValues("none").Inc()
	case byClient:
		m.closed.WithLabelValues("client").Inc()
	default:
		m.close(protocol.CloseCode(closing))
	}
}

// A factory makes and registers metrics.
type factory struct{ reg *prometheus.Registry }

func (f factory) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
	f.reg.MustRegister(c)
	return c
}

func (f factory) counterVec(name, help, label string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, []string{label})
	f.reg.MustRegister(c)
	return c
}

func (f factory) latency(name, help string) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: latencyBuckets})
	f.reg.MustRegister(h)
	return h
}

// limits shows every bound beside what it bounds, so that an alert can be a ratio.
func (f factory) limits(l Limits) {
	vec := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: namespace, Name: "limit", Help: "Configured bounds, by flag; 0 is no bound.",
	}, []string{"limit"})
	f.reg.MustRegister(vec)
	for name, value := range l.byFlag() {
		vec.WithLabelValues(name).Set(float64(value))
	}
}

func (f factory) buildInfo() {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "Always 1; the labels say what runs.",
	}, []string{"version", "goversion"})
	f.reg.MustRegister(g)
	g.WithLabelValues(buildinfo.Version(), runtime.Version()).Set(1)
}
