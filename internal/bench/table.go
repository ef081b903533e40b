package bench

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// WriteTable writes a report for people.
func WriteTable(w io.Writer, r *Report) error {
	t := &table{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	t.row("scenario", "%s on %s %s", r.Scenario, r.System, r.Version)
	t.row("machine", "%s", r.Machine)
	t.row("connections", "%d, opened in %.2f s, %.0f a second", r.Connections, r.Opening.Seconds, r.Opening.PerSecond)
	t.quantiles("  open and joined after", r.Opening.Latency)
	if r.Opening.PerCPUSecond > 0 {
		t.row("  opened a server CPU-second", "%.0f", r.Opening.PerCPUSecond)
	}
	t.memory(r.Memory)
	t.traffic(r.Traffic, r.Server)
	t.quantiles("probe meanwhile", r.Probe)
	for _, f := range r.Faults {
		t.row("FAULT", "%s", f)
	}
	for _, n := range r.Notes {
		t.row("note", "%s", n)
	}
	for _, n := range r.Unknown {
		t.row("not measured", "%s", n)
	}
	if len(r.Faults) == 0 && r.Traffic != nil {
		t.row("checked", "every publish came, in order and once; no connection was ended by the server")
	}
	return t.w.Flush()
}

type table struct{ w *tabwriter.Writer }

func (t *table) row(name, format string, args ...any) {
	fmt.Fprintf(t.w, "%s\t%s\n", name, fmt.Sprintf(format, args...)) // tabwriter keeps it until Flush, which tells
}

func (t *table) quantiles(name string, q *Quantiles) {
	if q != nil {
		t.row(name, "p50 %.2f ms, p90 %.2f, p99 %.2f, p99.9 %.2f, max %.2f", q.P50, q.P90, q.P99, q.P999, q.Max)
	}
}

func (t *table) memory(m *Memory) {
	if m == nil {
		return
	}
	const mebi, kibi = 1 << 20, 1 << 10
	t.row("server RSS", "%.1f MiB before, %.1f MiB with the connections", float64(m.Before)/mebi, float64(m.After)/mebi)
	t.row("  a connection", "%.2f KiB", m.PerConnection/kibi)
	if m.AfterGC > 0 {
		t.row("  a connection, after a collection", "%.2f KiB", m.AfterGC/kibi)
	}
	if m.PerEntry != 0 {
		t.row("  a presence entry, remote", "%.0f B", m.PerEntry)
	}
}

func (t *table) traffic(x *Traffic, c *Cost) {
	if x == nil {
		return
	}
	offered := "as many as it takes"
	if x.Offered > 0 {
		offered = fmt.Sprintf("%.0f a second", x.Offered)
	}
	t.row("offered", "%s; sent %.0f a second", offered, x.SentPerSecond)
	t.row("deliveries", "%d, %.0f a second; %d of %d missing", x.Deliveries, x.DeliveriesPerSecond, x.Missing, x.Expected)
	t.quantiles("  latency", x.Latency)
	t.quantiles("  generator's lateness", x.Lateness)
	if c != nil {
		t.row("server CPU", "%.2f cores, %.3f µs a delivery", c.Cores, c.CPUPerDelivery)
		t.row("  system calls a delivery", "%.3f writes, %.3f reads", c.WritesPerDelivery, c.ReadsPerDelivery)
	}
}
