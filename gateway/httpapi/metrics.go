package httpapi

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/starling-realtime/starling/gateway/tracing"
)

type metrics struct {
	requests *prometheus.CounterVec
	keys     *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	limited  prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	if r == nil {
		r = prometheus.NewRegistry()
	}
	const namespace, subsystem = "starling", "api"
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "requests_total",
			Help: "Requests of the HTTP API, by operation and HTTP status; none: of no operation.",
		}, []string{"operation", "status"}),
		keys: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "key_requests_total", Help: "Requests of the HTTP API, by the name of the key.",
		}, []string{"key"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "request_seconds",
			Help:    "Time that a request of the HTTP API took, waits for room and for other gateways included.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"operation"}),
		limited: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "rate_limited_total",
			Help: "Requests refused because their key makes too many (--api-requests-per-second).",
		}),
	}
	r.MustRegister(m.requests, m.keys, m.seconds, m.limited)
	return m
}

// observe counts an answer. key is the name of a key that was known, traceID the trace that the request belongs to.
func (m *metrics) observe(operation, key string, status int, took time.Duration, traceID string) {
	m.requests.WithLabelValues(operation, strconv.Itoa(status)).Inc()
	if key != "" {
		m.keys.WithLabelValues(key).Inc()
		tracing.Observe(m.seconds.WithLabelValues(operation), took.Seconds(), traceID)
	}
}
