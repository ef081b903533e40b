package statusview

import (
	"fmt"
	"strings"
	"time"

	"github.com/starling-realtime/starling/gateway/overview"
)

// A row is one gateway and when it answered.
type row struct {
	*overview.Gateway
	at time.Time
}

// A column of the table. Numbers stand at the right.
type column struct {
	title  string
	number bool
	wide   bool
	text   func(row) string
}

func columns() []column {
	return []column{
		{title: "GATEWAY", text: func(r row) string { return r.Node }},
		{title: "READY", text: func(r row) string { return ready(r.Gateway) }},
		{title: "CONNECTIONS", number: true, text: func(r row) string { return count(r.Connections) }},
		{title: "MEMBERS", number: true, text: func(r row) string { return count(r.Members) }},
		{title: "CHANNELS", number: true, text: func(r row) string { return count(r.Channels) }},
		{title: "IN/S", number: true, text: func(r row) string { return figure(r, func(s *overview.Step) string { return rate(s.In) }) }},
		{title: "OUT/S", number: true, text: func(r row) string { return figure(r, func(s *overview.Step) string { return rate(s.Out) }) }},
		{title: "P99", number: true, text: func(r row) string { return figure(r, func(s *overview.Step) string { return millis(s.P99Ms) }) }},
		{title: "SLOW", number: true, wide: true, text: func(r row) string { return count(r.SlowTotal) }},
		{title: "LIMIT", number: true, wide: true, text: func(r row) string { return count(r.MaxConnections) }},
		{title: "DRAIN", text: func(r row) string { return drain(r.Drain) }},
		{title: "UP", number: true, wide: true, text: func(r row) string { return age(r.at.Sub(r.StartedAt)) }},
		{title: "VERSION", text: func(r row) string { return r.Version }},
		{title: "BOOT", wide: true, text: func(r row) string { return r.Boot }},
		{title: "DOES NOT SEE", text: func(r row) string { return orDash(strings.Join(r.Unseen, ", ")) }},
	}
}

// Lines returns the summary, a line a gateway, and what is wrong.
func Lines(o *overview.Overview, wide bool) []string {
	lines := append(summary(o), "")
	rows := make([]row, len(o.Gateways))
	for i := range o.Gateways {
		rows[i] = row{&o.Gateways[i], o.At}
	}
	lines = append(lines, table(rows, wide)...)
	if trouble := troubles(o); len(trouble) > 0 {
		lines = append(append(lines, ""), trouble...)
	}
	return lines
}

// table returns the head and a line a row.
func table(rows []row, wide bool) []string {
	lines := make([]string, len(rows)+1)
	for _, c := range columns() {
		if c.wide && !wide {
			continue
		}
		cells, widest := []string{c.title}, len(c.title)
		for _, r := range rows {
			cell := clean(c.text(r))
			cells = append(cells, cell)
			widest = max(widest, columnsOf(cell))
		}
		for i, cell := range cells {
			lines[i] += pad(cell, widest, c.number) + "  "
		}
	}
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return lines
}

// summary is the cluster in two lines.
func summary(o *overview.Overview) []string {
	t := o.Totals()
	first := fmt.Sprintf("Cluster %s: %s, %s ready", clean(o.Cluster), plural(t.Gateways, "gateway"), count(t.Ready))
	if t.Draining > 0 {
		first += fmt.Sprintf(", %s draining", count(t.Draining))
	}
	first += fmt.Sprintf("; %s, %s in %s", plural(t.Connections, "connection"), plural(t.Members, "member"), plural(t.Channels, "channel"))
	second := fmt.Sprintf("%s messages/s in, %s/s out", rate(t.In), rate(t.Out))
	if t.P99Ms != nil {
		second += fmt.Sprintf("; 99 of 100 written within %s of being queued", millis(t.P99Ms))
	}
	return []string{first, second}
}

// troubles lists what a person should look at, a line each.
func troubles(o *overview.Overview) []string {
	var lines []string
	for _, m := range o.Missing {
		lines = append(lines, fmt.Sprintf("%s did not answer: %s", clean(m.Node), clean(m.Reason)))
	}
	for i := range o.Gateways {
		g := &o.Gateways[i]
		if !g.Ready && g.Reason != "" && !g.Draining {
			lines = append(lines, fmt.Sprintf("%s is not ready: %s", clean(g.Node), clean(g.Reason)))
		}
		if g.SlowTotal > 0 {
			verb := "read"
			if g.SlowTotal == 1 {
				verb = "reads"
			}
			lines = append(lines, fmt.Sprintf("%s: %s %s too slowly", clean(g.Node), plural(g.SlowTotal, "connection"), verb))
		}
	}
	return lines
}
