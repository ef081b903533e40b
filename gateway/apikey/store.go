package apikey

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/starling-realtime/starling/gateway/reload"
)

// Check returns the name of a key. It takes as long for a key that is almost right as for any other.
func (s Set) Check(key string) (name string, ok bool) {
	hash := sha256.Sum256([]byte(key))
	for _, k := range s.keys {
		if subtle.ConstantTimeCompare(hash[:], k.hash[:]) == 1 {
			name, ok = k.name, true
		}
	}
	return name, ok
}

// A Store is the keys of files, kept up to date while [Store.Run] runs. It is safe for concurrent use.
type Store struct {
	files  *reload.Files[Set]
	logger *slog.Logger
}

// Open reads the files: see [Parse]. Files without any key are an error, since that is not meant; so is a file that is missing.
func Open(paths []string, logger *slog.Logger) (*Store, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	files, err := reload.Open("the API's keys", paths, func(contents [][]byte) (Set, error) { return parseFiles(paths, contents) })
	if err != nil {
		return nil, err
	}
	return &Store{files: files, logger: logger}, nil
}

func parseFiles(paths []string, contents [][]byte) (Set, error) {
	sets := make([]Set, len(contents))
	for i, content := range contents {
		var err error
		if sets[i], err = Parse(content); err != nil {
			return Set{}, fmt.Errorf("%s, %w", paths[i], err)
		}
	}
	all, err := join(sets)
	if err == nil && all.Len() == 0 {
		err = errors.New("there is no key in the files: one a line is right, NAME and KEY")
	}
	return all, err
}

// Check returns the name of a key.
func (s *Store) Check(key string) (name string, ok bool) { return s.files.Value().Check(key) }

// Reload reads the files now. On an error the keys stay.
func (s *Store) Reload() error {
	_, err := s.files.Check()
	return err
}

// Run keeps the keys up to date until ctx ends.
func (s *Store) Run(ctx context.Context) { s.files.Run(ctx, s.logger) }

var (
	keysDesc     = prometheus.NewDesc("starling_api_keys", "Keys that the HTTP API takes.", nil, nil)
	failuresDesc = prometheus.NewDesc("starling_api_key_file_failures_total",
		"Times that the files of the API's keys could not be used; the keys from before stay.", nil, nil)
)

// Collector returns the store's metrics, for the caller to register.
func (s *Store) Collector() prometheus.Collector { return collector{s} }

type collector struct{ store *Store }

// Describe implements [prometheus.Collector].
func (c collector) Describe(out chan<- *prometheus.Desc) { out <- keysDesc; out <- failuresDesc }

// Collect implements [prometheus.Collector].
func (c collector) Collect(out chan<- prometheus.Metric) {
	out <- prometheus.MustNewConstMetric(keysDesc, prometheus.GaugeValue, float64(c.store.files.Value().Len()))
	out <- prometheus.MustNewConstMetric(failuresDesc, prometheus.CounterValue, float64(c.store.files.Failures()))
}
