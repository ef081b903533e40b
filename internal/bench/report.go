package bench

import (
	"time"

	"github.com/starling-realtime/starling/internal/bench/load"
	"github.com/starling-realtime/starling/internal/bench/proc"
)

// A Report is what one run found. Times are in seconds if their name does not say otherwise, sizes in bytes.
type Report struct {
	Scenario string `json:"scenario"`
	Server   *Cost  `json:"serverCost,omitempty"`
	// System, Version and Machine say what was measured where.
	System  string    `json:"system"`
	Version string    `json:"version,omitempty"`
	Machine string    `json:"machine"`
	Started time.Time `json:"started"`
	Loaders int       `json:"loaders"`
	WarmUp  float64   `json:"warmUp"`
	// Duration is how long it was measured.
	Duration float64 `json:"duration"`

	Connections int     `json:"connections"`
	NotOpened   int     `json:"notOpened"`
	Opening     Opening `json:"opening"`
	Memory      *Memory `json:"memory,omitempty"`
	// Traffic is nil when nothing was published.
	Traffic *Traffic `json:"traffic,omitempty"`
	// Probe is the latency of publishes to other connections while the scenario's were opened.
	Probe *Quantiles `json:"probe,omitempty"`

	// Faults are promises that were broken under the load; none is good.
	Faults []string `json:"faults,omitempty"`
	// Notes are other things to know about the run, Unknown what could not be measured and why.
	Notes   []string `json:"notes,omitempty"`
	Unknown []string `json:"unknown,omitempty"`
}

// An Opening is what it took to open all connections, the last time if there were several.
type Opening struct {
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"perSecond"`
	// CPU is the server's, PerCPUSecond connections for each second of it; 0: not known.
	CPU          float64 `json:"cpu,omitempty"`
	PerCPUSecond float64 `json:"perCpuSecond,omitempty"`
	// Latency is from when a connection was due until it had joined its channels.
	Latency *Quantiles `json:"latency"`
}

// Memory is the server's resident memory.
type Memory struct {
	Before int64 `json:"before"`
	After  int64 `json:"after"`
	// PerConnection is the growth by connection; AfterGC the same after the server has collected garbage.
	PerConnection float64 `json:"perConnection"`
	AfterGC       float64 `json:"afterGc,omitempty"`
	// PerEntry is the growth of a gateway that holds nothing but other gateways' presence, by entry.
	PerEntry float64 `json:"perEntry,omitempty"`
}

// Traffic is what was published while it was measured.
type Traffic struct {
	// Offered is what was to be published, or joined, a second; 0: as much as the server took.
	Offered       float64 `json:"offered"`
	SentPerSecond float64 `json:"sentPerSecond"`
	// Deliveries arrived while it was measured.
	Deliveries          uint64  `json:"deliveries"`
	DeliveriesPerSecond float64 `json:"deliveriesPerSecond"`
	// Expected and Missing count deliveries of the whole run, the warm-up and the time after the end included.
	Expected uint64     `json:"expected"`
	Missing  int64      `json:"missing"`
	Latency  *Quantiles `json:"latency"`
	// Lateness is how late the load generators sent, which is part of Latency.
	Lateness *Quantiles `json:"lateness"`
}

// Quantiles sum up a distribution of times, in milliseconds.
type Quantiles struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
}

func quantiles(h load.Histogram) *Quantiles {
	if h.Histogram == nil || h.TotalCount() == 0 {
		return nil
	}
	at := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) / 1e6 }
	return &Quantiles{h.TotalCount(), at(50), at(90), at(99), at(99.9), float64(h.Max()) / 1e6}
}

// Cost is what the server spent while it was measured.
type Cost struct {
	// CPU is in seconds, Cores by second of time.
	CPU   float64 `json:"cpu"`
	Cores float64 `json:"cores"`
	// CPUPerDelivery is in microseconds, WritesPerDelivery in system calls.
	CPUPerDelivery    float64 `json:"cpuPerDelivery"`
	WritesPerDelivery float64 `json:"writesPerDelivery"`
	ReadsPerDelivery  float64 `json:"readsPerDelivery"`

	reads, writes int64
}

func newCost(u proc.Usage, d time.Duration) *Cost {
	return &Cost{CPU: seconds(u.CPU), Cores: seconds(u.CPU) / seconds(d), reads: u.Reads, writes: u.Writes}
}

func (c *Cost) divide(deliveries uint64) {
	n := float64(max(1, deliveries))
	c.CPUPerDelivery = c.CPU * 1e6 / n
	c.WritesPerDelivery, c.ReadsPerDelivery = float64(c.writes)/n, float64(c.reads)/n
}

func seconds(d time.Duration) float64 { return d.Seconds() }

func (r *Report) describe(o *Options) {
	r.Scenario, r.System, r.Version = o.Scenario.Name, o.Server.Name, o.Server.Version
	r.Machine = machine()
	r.Started = time.Now().UTC().Truncate(time.Second)
	r.Loaders, r.WarmUp, r.Duration = o.Loaders, seconds(o.WarmUp), seconds(o.Duration)
}
