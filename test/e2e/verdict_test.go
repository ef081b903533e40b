//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/starling-realtime/starling/test/e2e/crowd"
)

// requireUnnoticed is for what operators do on purpose: no client loses anything, and none is cut off.
func (o *operations) requireUnnoticed(t *testing.T, r crowd.Report) {
	t.Helper()
	o.requireTold(t, r)
	assert.Zero(t, r.LostWithGap, "messages lost")
	assert.Zero(t, r.Unknown, "publishes without an answer")
	assert.Zero(t, r.Breaks, "connections that broke")
	assert.Zero(t, r.FalseLeaves+r.FalseLeavesBroken, "leaves of members that had not left")
	assert.Zero(t, r.FalseJoins+r.FalseJoinsBroken, "joins of members that were there")
}

// requireTold is for disasters: what is lost is told, and nothing comes twice or in the wrong order.
func (o *operations) requireTold(t *testing.T, r crowd.Report) {
	t.Helper()
	assert.Positive(t, r.Published)
	assert.Positive(t, r.Delivered)
	assert.Zero(t, r.Lost, "messages lost without a word")
	assert.Zero(t, r.Duplicates, "messages that came twice")
	assert.Zero(t, r.OutOfOrder, "messages out of order")
	// The bound, what a gateway takes at once after a pause, and what piles up where this process or a pod had to wait for its turn.
	const most = acceptPerSecond + acceptPerSecond/10 + acceptPerSecond/2
	assert.LessOrEqual(t, r.PeakPerGateway, most, "connections that a gateway took within a second")
}

// requireRepaired is for a gateway that died.
func (o *operations) requireRepaired(t *testing.T, r crowd.Report) {
	t.Helper()
	o.requireTold(t, r)
	// Who lost the connection and comes back to the gateway that has just started may miss others in its snapshot, who are on their
	// way still: docs/presence.md tells of it. All others see nobody leave.
	assert.Zero(t, r.FalseLeaves, "leaves of members that came back")
	assert.Less(t, r.LongestOutage, 5*time.Second+noise, "time until everybody was back")
	d := r.Departures
	assert.Positive(t, d.Expected)
	assert.Equal(t, d.Expected, d.Once, "leaves of those who did not come back, seen once: %+v", d)
	assert.Less(t, d.Last, nodeGrace+time.Second+noise, "time until they left")
}

// tell prints all reports as a table, and writes them as JSON to E2E_REPORT.
func (o *operations) tell() {
	if len(o.reports) == 0 {
		return
	}
	fmt.Print("\n", crowd.Table(o.reports), "\n")
	path := os.Getenv("E2E_REPORT")
	if path == "" {
		return
	}
	text, err := json.MarshalIndent(o.reports, "", "  ")
	if err == nil {
		err = os.WriteFile(path, append(text, '\n'), 0o644)
	}
	if err != nil {
		fmt.Println("writing the report:", err)
	}
}
