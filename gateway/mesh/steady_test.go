package mesh

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/starling-realtime/starling/gateway/sleep"
)

const (
	// steadyTries is how often a scenario is tried that a machine which stands still can spoil.
	steadyTries = 5
	// maxStall is how long the machine may keep a goroutine from running without that counting as standing still.
	maxStall = 200 * time.Millisecond
)

// onSteadyMachine runs a scenario whose outcome depends on real time. On a machine that stands still for seconds a mesh that
// does what it should looks as if it did not: so when the scenario fails, and the machine did stand still, it is tried again.
func onSteadyMachine(t *testing.T, scenario func(t testing.TB)) {
	t.Helper()
	for try := 1; ; try++ {
		stop := watchStalls()
		failures := runTrial(t, scenario)
		worst := stop()
		if failures == "" {
			return
		}
		if try == steadyTries || worst < maxStall {
			t.Fatalf("try %d, with the machine standing still for %s at the most:\n%s", try, worst, failures)
		}
		t.Logf("trying again, since the machine stood still for %s:\n%s", worst, failures)
	}
}

// watchStalls measures until the returned function is called how late goroutines wake up, and returns the worst.
func watchStalls() (stop func() time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	var worst time.Duration
	watching.Go(func() {
		const nap = 10 * time.Millisecond
		for before := time.Now(); sleep.For(ctx, nap); before = time.Now() {
			worst = max(worst, time.Since(before)-nap)
		}
	})
	return func() time.Duration {
		cancel()
		watching.Wait()
		return worst
	}
}

// A trial is a test whose failure is not yet that of the test.
type trial struct {
	testing.TB

	mu       sync.Mutex
	failures []string
	cleanups []func()
}

func runTrial(t testing.TB, scenario func(t testing.TB)) (failures string) {
	x := &trial{TB: t}
	var running sync.WaitGroup
	running.Go(func() { scenario(x) })
	running.Wait()
	for _, v := range slices.Backward(x.cleanups) {
		v()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return strings.Join(x.failures, "\n")
}

// Errorf implements [testing.TB].
func (x *trial) Errorf(format string, args ...any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.failures = append(x.failures, fmt.Sprintf(format, args...))
}

// FailNow implements [testing.TB].
func (x *trial) FailNow() {
	x.Errorf("the trial ended here")
	runtime.Goexit()
}

// Failed implements [testing.TB].
func (x *trial) Failed() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.failures) > 0
}

// Log implements [testing.TB]: what is logged after a failure belongs to it.
func (x *trial) Log(args ...any) { x.Errorf("%s", fmt.Sprint(args...)) }

// Cleanup implements [testing.TB].
func (x *trial) Cleanup(fn func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.cleanups = append(x.cleanups, fn)
}
