package auth

import (
	"github.com/prometheus/client_golang/prometheus"
)

// keyCollector reads a [KeyStore] at each scrape.
type keyCollector struct {
	store *KeyStore
}

var (
	keysDesc = prometheus.NewDesc("starling_auth_keys", "Keys that tokens are verified with, by where they come from.",
		[]string{"source"}, nil)
	fileFailuresDesc = prometheus.NewDesc("starling_auth_key_file_failures_total",
		"Times that the key files could not be used; the keys from before stay.", nil, nil)
	jwksFailuresDesc = prometheus.NewDesc("starling_auth_jwks_failures_total",
		"Times that the JWK Set could not be fetched; the keys from before stay.", nil, nil)
	jwksFetchedDesc = prometheus.NewDesc("starling_auth_jwks_fetched_timestamp_seconds",
		"When the JWK Set was last fetched, in seconds since 1970; 0: never.", nil, nil)
)

// Collector returns the store's metrics, starling_auth_*, for the caller to register.
func (s *KeyStore) Collector() prometheus.Collector { return keyCollector{s} }

// Describe implements [prometheus.Collector].
func (c keyCollector) Describe(out chan<- *prometheus.Desc) {
	out <- keysDesc
	out <- fileFailuresDesc
	if c.store.jwks != nil {
		out <- jwksFailuresDesc
		out <- jwksFetchedDesc
	}
}

// Collect implements [prometheus.Collector].
func (c keyCollector) Collect(out chan<- prometheus.Metric) {
	out <- prometheus.MustNewConstMetric(keysDesc, prometheus.GaugeValue, float64(len(c.store.files.Value())), "file")
	out <- prometheus.MustNewConstMetric(fileFailuresDesc, prometheus.CounterValue, float64(c.store.files.Failures()))
	j := c.store.jwks
	if j == nil {
		return
	}
	j.mu.Lock()
	keys, failures, fetched := len(j.keys), j.failures, float64(0)
	if !j.loaded.IsZero() {
		fetched = float64(j.loaded.Unix())
	}
	j.mu.Unlock()
	out <- prometheus.MustNewConstMetric(keysDesc, prometheus.GaugeValue, float64(keys), "url")
	out <- prometheus.MustNewConstMetric(jwksFailuresDesc, prometheus.CounterValue, float64(failures))
	out <- prometheus.MustNewConstMetric(jwksFetchedDesc, prometheus.GaugeValue, fetched)
}
