package view

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/starling-realtime/starling/internal/localcluster"
)

const clock = "15:04:05"

// Lines writes one line an event and one a line of log. It is safe for concurrent use.
type Lines struct {
	mu  sync.Mutex
	out io.Writer
	now func() time.Time
}

// NewLines returns a view that writes to out.
func NewLines(out io.Writer) *Lines { return &Lines{out: out, now: time.Now} }

// Listening implements [localcluster.View]: an event tells it once somebody serves there.
func (l *Lines) Listening(string) {}

// Event implements [localcluster.View].
func (l *Lines) Event(text string) {
	l.write(fmt.Sprintf("%s %s\n", l.now().Format(clock), clean(text)))
}

// Log implements [localcluster.View].
func (l *Lines) Log(gateway, line string) {
	l.write(fmt.Sprintf("%s | %s\n", gateway, clean(line)))
}

// Update implements [localcluster.View]: what changes is told by events.
func (l *Lines) Update([]localcluster.Gateway) {}

// write ignores errors: there is nobody else to tell.
func (l *Lines) write(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = io.WriteString(l.out, text)
}
