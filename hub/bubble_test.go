package hub

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// inBubble runs fn with a clock of its own, and hands a failure to t. It is for rapid: a failing synctest.Test would end
// the whole test, where rapid wants to try again with less.
func inBubble(outer *testing.T, t require.TestingT, fn func(t require.TestingT)) {
	c := &collector{}
	synctest.Test(outer, func(*testing.T) { c.run(fn) })
	if c.failure != "" {
		t.Errorf("%s", c.failure)
		t.FailNow()
	}
}

// A collector is a TestingT that keeps the first failure and unwinds to its run.
type collector struct{ failure string }

func (c *collector) Errorf(format string, args ...any) {
	if c.failure == "" {
		c.failure = fmt.Sprintf(format, args...)
	}
}

func (c *collector) FailNow() { panic(c) }

func (c *collector) run(fn func(t require.TestingT)) {
	defer func() {
		if r := recover(); r != nil && r != any(c) {
			panic(r)
		}
	}()
	fn(c)
}

// A collectorGroup gathers the failures of goroutines, which cannot end the test themselves.
type collectorGroup struct {
	mu       sync.Mutex
	failures []string
}

func (g *collectorGroup) run(fn func(t require.TestingT)) {
	c := &collector{}
	c.run(fn)
	if c.failure == "" {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failures = append(g.failures, c.failure)
}

func (g *collectorGroup) require(t require.TestingT) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.failures) > 0 {
		t.Errorf("%s", fmt.Sprint(g.failures))
		t.FailNow()
	}
}
