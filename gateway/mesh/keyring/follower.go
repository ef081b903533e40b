package keyring

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/starling-realtime/starling/gateway/reload"
)

// DefaultInterval is how often a [Follower] looks at its file.
const DefaultInterval = 2 * time.Second

// A FollowerConfig configures a [Follower]. Path and Keys are required.
type FollowerConfig struct {
	// Path is the key file, read anew each time: Kubernetes replaces a mounted one by changing a link.
	Path string
	// Keys is what follows the file.
	Keys *Keyring
	// Interval is the time between two looks. Default [DefaultInterval].
	Interval time.Duration
	// Logger is told of every change, by the keys' ids. Default: nothing is logged.
	Logger *slog.Logger
	// Registerer gets the metrics. Optional.
	Registerer prometheus.Registerer
}

// A Follower makes a keyring follow its key file. A file that is gone or cannot be used changes nothing: the keys in force
// stay, the log says why, without any content, and starling_mesh_key_file_valid is 0.
type Follower struct {
	cfg FollowerConfig
	// files holds what the file was last; nil until it could be read.
	files *reload.Files[[]Key]
	// good says that the last look found a file that can be used.
	good bool
	// listed is what the keyring was told last.
	listed []Key
	// fault is what was wrong with the file at the last look.
	fault string

	valid   prometheus.Gauge
	changes *prometheus.CounterVec
}

// NewFollower returns a follower of a keyring that was made from the file's keys.
func NewFollower(cfg FollowerConfig) *Follower {
	if cfg.Interval <= 0 {
		cfg.Interval = DefaultInterval
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Registerer == nil {
		cfg.Registerer = prometheus.NewRegistry()
	}
	opts := func(name, help string) prometheus.Opts {
		return prometheus.Opts{Namespace: "starling", Subsystem: "mesh", Name: name, Help: help}
	}
	f := &Follower{
		cfg: cfg,
		valid: prometheus.NewGauge(prometheus.GaugeOpts(
			opts("key_file_valid", "Whether the key file can be used: 1, or 0 while the keys in force stay."))),
		changes: prometheus.NewCounterVec(prometheus.CounterOpts(
			opts("key_changes_total", "Keys that were added, became primary or were dropped.")), []string{"change"}),
	}
	f.valid.Set(1)
	for _, change := range []string{"added", "primary", "dropped"} {
		f.changes.WithLabelValues(change)
	}
	accepted := prometheus.NewGaugeFunc(prometheus.GaugeOpts(opts("keys", "Mesh keys that are accepted.")),
		func() float64 { return float64(len(cfg.Keys.IDs())) })
	cfg.Registerer.MustRegister(f.valid, f.changes, accepted)
	return f
}

// Run follows the file until ctx is done. Only one call may run at a time.
func (f *Follower) Run(ctx context.Context) {
	ticker := time.NewTicker(f.cfg.Interval)
	defer ticker.Stop()
	for {
		f.look()
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// look reads the file, and takes over what it says once two looks in a row have found the same: a file that is written in
// place may be seen half done.
func (f *Follower) look() {
	changed, err := f.check()
	settled := err == nil && f.good && !changed
	f.good = err == nil
	if settled && !slices.Equal(f.files.Value(), f.listed) {
		var change Change
		if change, err = f.cfg.Keys.List(f.files.Value()); err == nil {
			f.listed = f.files.Value()
		}
		f.tell(change)
	}
	change, advanceErr := f.cfg.Keys.Advance()
	f.tell(change)
	f.report(errors.Join(err, advanceErr))
}

// check reads the file, and says whether it holds something else than at the last good look.
func (f *Follower) check() (changed bool, err error) {
	if f.files != nil {
		return f.files.Check()
	}
	f.files, err = openFile(f.cfg.Path)
	return true, err
}

// report says once what is wrong with the file, and once that it is right again.
func (f *Follower) report(err error) {
	fault := ""
	if err != nil {
		fault = err.Error()
	}
	if fault == f.fault {
		return
	}
	f.fault = fault
	if err != nil {
		f.valid.Set(0)
		f.cfg.Logger.Warn("mesh key file cannot be used, the keys in force stay", "file", f.cfg.Path, "error", err)
		return
	}
	f.valid.Set(1)
	f.cfg.Logger.Info("mesh key file can be used again", "file", f.cfg.Path)
}

func (f *Follower) tell(c Change) {
	if c.IsZero() {
		return
	}
	f.changes.WithLabelValues("added").Add(float64(len(c.Added)))
	f.changes.WithLabelValues("dropped").Add(float64(len(c.Dropped)))
	if c.Primary != "" {
		f.changes.WithLabelValues("primary").Inc()
	}
	f.cfg.Logger.Info("mesh keys changed", "added", c.Added, "primary", c.Primary, "dropped", c.Dropped, "accepted", f.cfg.Keys.IDs())
}
