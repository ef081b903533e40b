package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/starling-realtime/starling/internal/bench"
)

// A column is one figure of a report; false: it has none.
type column struct {
	name string
	of   func(*bench.Report) (float64, bool)
}

func columns() []column {
	return []column{
		{"CPU µs/delivery", func(r *bench.Report) (float64, bool) {
			if r.Server == nil || r.Traffic == nil {
				return 0, false
			}
			return r.Server.CPUPerDelivery, true
		}},
		{"deliveries/s", func(r *bench.Report) (float64, bool) {
			if r.Traffic == nil {
				return 0, false
			}
			return r.Traffic.DeliveriesPerSecond, true
		}},
		{"publishes/s", func(r *bench.Report) (float64, bool) {
			if r.Traffic == nil {
				return 0, false
			}
			return r.Traffic.SentPerSecond, true
		}},
		{"p50 ms", func(r *bench.Report) (float64, bool) {
			if r.Traffic == nil || r.Traffic.Latency == nil {
				return 0, false
			}
			return r.Traffic.Latency.P50, true
		}},
		{"p99 ms", func(r *bench.Report) (float64, bool) {
			if r.Traffic == nil || r.Traffic.Latency == nil {
				return 0, false
			}
			return r.Traffic.Latency.P99, true
		}},
		{"KiB/connection", func(r *bench.Report) (float64, bool) {
			if r.Memory == nil {
				return 0, false
			}
			return r.Memory.PerConnection / 1024, true
		}},
		{"connects/CPU-s", func(r *bench.Report) (float64, bool) { return r.Opening.PerCPUSecond, r.Opening.PerCPUSecond > 0 }},
	}
}

// writeTable writes medians, and the medians of the first system's ratios to each of the others within a round.
func writeTable(w io.Writer, systems []string, all []*bench.Report) {
	fmt.Fprintf(w, "%s; medians of %d alternating rounds; %s\n\n| |", all[0].Scenario, len(all)/len(systems), all[0].Machine)
	for _, name := range systems {
		fmt.Fprintf(w, " %s |", name)
	}
	for _, name := range systems[1:] {
		fmt.Fprintf(w, " ratio to %s |", name)
	}
	fmt.Fprint(w, "\n|---|")
	for range 2*len(systems) - 1 {
		fmt.Fprint(w, "---|")
	}
	fmt.Fprintln(w)
	for _, c := range columns() {
		writeRow(w, c, systems, all)
	}
	for i, name := range systems {
		for j := i; j < len(all); j += len(systems) {
			for _, fault := range all[j].Faults {
				fmt.Fprintf(w, "\n%s, round %d: %s", name, j/len(systems)+1, fault)
			}
		}
	}
	fmt.Fprintln(w)
}

func writeRow(w io.Writer, c column, systems []string, all []*bench.Report) {
	if _, ok := c.of(all[0]); !ok {
		return
	}
	fmt.Fprintf(w, "| %s |", c.name)
	figures := make([][]float64, len(systems))
	for i := range all {
		x, _ := c.of(all[i])
		figures[i%len(systems)] = append(figures[i%len(systems)], x)
	}
	for _, list := range figures {
		fmt.Fprintf(w, " %.4g |", median(list))
	}
	for _, list := range figures[1:] {
		ratios := make([]float64, len(list))
		for i := range list {
			ratios[i] = figures[0][i] / list[i]
		}
		fmt.Fprintf(w, " %.3g |", median(ratios))
	}
	fmt.Fprintln(w)
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// summary is one line about a run.
func summary(r *bench.Report) string {
	var text strings.Builder
	text.WriteString(r.System)
	for _, c := range columns() {
		if x, ok := c.of(r); ok {
			fmt.Fprintf(&text, ", %.4g %s", x, c.name)
		}
	}
	if len(r.Faults) > 0 {
		fmt.Fprintf(&text, ", FAULTS: %v", r.Faults)
	}
	return text.String()
}
