package fanout

import "github.com/prometheus/client_golang/prometheus"

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: metricPrefix + name, Help: help})
}

func histogram(name, help string, buckets []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: metricPrefix + name, Help: help, Buckets: buckets})
}

func vector(name, help string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: metricPrefix + name, Help: help}, []string{"reason"})
}

func gauge(name, help string, value func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: metricPrefix + name, Help: help}, value)
}

// gauge returns the sum of a figure of every shard.
func (p *Pool) gauge(name, help string, value func(*shard) float64) prometheus.Collector {
	return gauge(name, help, func() float64 {
		var sum float64
		for _, sh := range p.shards {
			sum += value(sh)
		}
		return sum
	})
}
