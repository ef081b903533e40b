package tracing

import "github.com/prometheus/client_golang/prometheus"

// Observe gives a histogram a value, with the trace that it comes from as its exemplar when traceID is not empty.
func Observe(h prometheus.Observer, value float64, traceID string) {
	if traceID != "" {
		if with, ok := h.(prometheus.ExemplarObserver); ok {
			with.ObserveWithExemplar(value, prometheus.Labels{"trace_id": traceID})
			return
		}
	}
	h.Observe(value)
}
