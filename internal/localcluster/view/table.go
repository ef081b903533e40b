package view

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/starling-realtime/starling/internal/localcluster"
)

// recentEvents is how many events are shown under the table.
const recentEvents = 8

// The terminal's control sequences that the table uses.
const (
	cursorUp   = "\x1b[%dA\r"
	eraseBelow = "\x1b[J"
	bold       = "\x1b[1m"
	dim        = "\x1b[2m"
	red        = "\x1b[31m"
	green      = "\x1b[32m"
	yellow     = "\x1b[33m"
	reset      = "\x1b[0m"
)

// TableOptions configure a [Table].
type TableOptions struct {
	// Title is the first line.
	Title string
	// Color allows colors.
	Color bool
	// Size returns the terminal's columns and rows now. Required.
	Size func() (width, height int)
}

// Table shows the gateways and the latest events, redrawn in place. Logs are not shown. It is safe for concurrent use.
type Table struct {
	out  io.Writer
	opts TableOptions
	now  func() time.Time

	mu       sync.Mutex
	address  string
	gateways []localcluster.Gateway
	events   []string
	drawn    int // lines of the last drawing
}

// NewTable returns a view that writes to a terminal.
func NewTable(out io.Writer, opts TableOptions) *Table {
	return &Table{out: out, opts: opts, now: time.Now}
}

// Listening implements [localcluster.View].
func (t *Table) Listening(address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.address = "http://" + address + "/"
}

// Event implements [localcluster.View].
func (t *Table) Event(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events = append(t.events, t.now().Format(clock)+"  "+strings.ReplaceAll(clean(text), "\t", " "))
	if len(t.events) > recentEvents {
		t.events = t.events[1:]
	}
	t.draw()
}

// Log implements [localcluster.View]: logs go to files.
func (t *Table) Log(string, string) {}

// Update implements [localcluster.View].
func (t *Table) Update(gateways []localcluster.Gateway) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gateways = append(t.gateways[:0], gateways...)
	t.draw()
}

// draw replaces the last drawing in one write, so that nothing flickers.
func (t *Table) draw() {
	var text strings.Builder
	if t.drawn > 0 {
		fmt.Fprintf(&text, cursorUp, t.drawn)
	}
	text.WriteString(eraseBelow)
	lines := t.lines(t.opts.Size())
	for _, line := range lines {
		text.WriteString(line + "\n")
	}
	t.drawn = len(lines)
	_, _ = io.WriteString(t.out, text.String())
}

// lines returns no more than fits above the cursor's line: the cursor cannot go up to what has scrolled away.
func (t *Table) lines(width, height int) []string {
	lines := []string{t.paint(cut(strings.TrimSpace(t.opts.Title+"  "+t.address), width), bold), ""}
	lines = append(lines, t.rows(width)...)
	lines = append(lines, "")
	room := max(height-1-len(lines), 0)
	for _, event := range t.events[max(len(t.events)-room, 0):] {
		lines = append(lines, t.paint(cut(event, width), dim))
	}
	return lines[:min(len(lines), max(height-1, 0))]
}

// A column of the table. Numbers stand at the right.
type column struct {
	title  string
	number bool
	text   func(localcluster.Gateway) string
}

func columns() []column {
	return []column{
		{"GATEWAY", false, func(g localcluster.Gateway) string { return g.Name }},
		{"PID", true, func(g localcluster.Gateway) string { return orDash(g.PID, g.PID != 0) }},
		{"ADDRESS", false, func(g localcluster.Gateway) string { return g.Address }},
		{"CONNECTIONS", true, func(g localcluster.Gateway) string { return orDash(g.Connections, g.PID != 0) }},
		{"MEMBERS", true, func(g localcluster.Gateway) string { return orDash(g.Members, g.PID != 0) }},
		{"PEERS", true, func(g localcluster.Gateway) string { return orDash(g.Peers, g.PID != 0) }},
		{"STATE", false, func(g localcluster.Gateway) string { return string(g.State) }},
	}
}

func orDash(n int, known bool) string {
	if !known {
		return "-"
	}
	return strconv.Itoa(n)
}

// rows returns the head and a line a gateway.
func (t *Table) rows(width int) []string {
	lines := make([]string, len(t.gateways)+1)
	for _, c := range columns() {
		cells := []string{c.title}
		widest := len(c.title)
		for _, g := range t.gateways {
			cells = append(cells, c.text(g))
			widest = max(widest, len(cells[len(cells)-1]))
		}
		for i, cell := range cells {
			lines[i] += pad(cell, widest, c.number) + "  "
		}
	}
	for i, line := range lines {
		line = cut(strings.TrimRight(line, " "), width)
		if i > 0 {
			line = t.paint(line, color(t.gateways[i-1].State))
		}
		lines[i] = line
	}
	return lines
}

func color(state localcluster.State) string {
	switch state {
	case localcluster.StateReady:
		return green
	case localcluster.StateNotReady, localcluster.StateRestarting:
		return red
	case localcluster.StateStopped:
		return dim
	default:
		return yellow
	}
}

func (t *Table) paint(text, style string) string {
	if !t.opts.Color || text == "" {
		return text
	}
	return style + text + reset
}
