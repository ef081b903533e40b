package dedupe

import "github.com/prometheus/client_golang/prometheus"

// collector reads the cache when it is scraped, so that publishes pay nothing for metrics.
type collector struct{ cache *Cache }

func entriesDesc() *prometheus.Desc {
	return prometheus.NewDesc("starling_dedupe_entries", "Publish keys remembered now.", nil, nil)
}

func duplicatesDesc() *prometheus.Desc {
	return prometheus.NewDesc("starling_dedupe_duplicates_total", "Publishes that were a repetition.", nil, nil)
}

func evictionsDesc() *prometheus.Desc {
	return prometheus.NewDesc("starling_dedupe_evictions_total",
		"Publish keys forgotten early because the cache was full: a retry of theirs would be published twice.", nil, nil)
}

func overShareDesc() *prometheus.Desc {
	return prometheus.NewDesc("starling_dedupe_share_evictions_total",
		"Publish keys forgotten early because their member had a tenth of all: a retry of theirs would be published twice.", nil, nil)
}

// Describe implements [prometheus.Collector].
func (collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- entriesDesc()
	ch <- duplicatesDesc()
	ch <- evictionsDesc()
	ch <- overShareDesc()
}

// Collect implements [prometheus.Collector].
func (c collector) Collect(ch chan<- prometheus.Metric) {
	entries := c.cache.Len()
	c.cache.mu.Lock()
	duplicates, evictions, overShare := c.cache.duplicates, c.cache.evictions, c.cache.overShare
	c.cache.mu.Unlock()
	ch <- prometheus.MustNewConstMetric(entriesDesc(), prometheus.GaugeValue, float64(entries))
	ch <- prometheus.MustNewConstMetric(duplicatesDesc(), prometheus.CounterValue, float64(duplicates))
	ch <- prometheus.MustNewConstMetric(evictionsDesc(), prometheus.CounterValue, float64(evictions))
	ch <- prometheus.MustNewConstMetric(overShareDesc(), prometheus.CounterValue, float64(overShare))
}
