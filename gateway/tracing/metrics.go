package tracing

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	limited, sent, failures prometheus.Counter
	full, unsent            prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	if r == nil {
		r = prometheus.NewRegistry()
	}
	options := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Namespace: "starling", Subsystem: "tracing", Name: name, Help: help}
	}
	m := &metrics{
		limited: prometheus.NewCounter(options("limited_total",
			"Spans not begun, with all that would be in them, because of --tracing-max-per-second.")),
		sent:     prometheus.NewCounter(options("spans_sent_total", "Spans that the receiver took.")),
		failures: prometheus.NewCounter(options("send_failures_total", "Times that spans could not be sent, after retries.")),
	}
	dropped := prometheus.NewCounterVec(options("spans_dropped_total",
		"Spans dropped: queue, because too many waited; send, because they could not be sent."), []string{"reason"})
	m.full, m.unsent = dropped.WithLabelValues("queue"), dropped.WithLabelValues("send")
	r.MustRegister(m.limited, m.sent, m.failures, dropped)
	return m
}
