package crowd

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTable(t *testing.T) {
	table := Table([]Report{
		{Scenario: "rollout", Seconds: 93.4, Published: 10, Delivered: 90, Moves: 787},
		{Scenario: "crash", LongestOutage: 3900 * time.Millisecond, FalseJoinsBroken: 16, Departures: Departures{
			Members: 5, Expected: 45, Once: 45, First: 9 * time.Second, Last: 10500 * time.Millisecond,
		}},
	})
	lines := strings.Split(table, "\n")
	require.Regexp(t, `^ *scenario +s +published .* departures$`, strings.TrimRight(lines[0], " "))
	require.Regexp(t, `rollout +93 +10 +90 .* 787 .* -$`, strings.TrimRight(lines[1], " "))
	require.Regexp(t, `crash .* 0\+16 .* 3\.9 s +45 of 45 once, 9\.0 s to 10\.5 s$`, strings.TrimRight(lines[2], " "))
}
