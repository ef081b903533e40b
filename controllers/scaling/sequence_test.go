package scaling

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

const quiet = 3000 // deeds that are enough for everything to come to rest

// TestSequences compares what is done under a few fixed orders of deeds with testdata: a change of the planner shows as a diff.
func TestSequences(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(seed)
			w.run(300, true)
			w.say("people are quiet")
			w.run(quiet, false)
			require.Empty(t, w.violations)
			golden := filepath.Join("testdata", fmt.Sprintf("sequence-%d.golden", seed))
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(w.log.String()), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(string(want), w.log.String()), "run with -update if this is right")
		})
	}
}

// TestAnySequenceIsSafeAndEnds tries any order of deeds: nothing is lowered by more than one, during a rollout or while a gateway
// drains; one gateway at most drains because of a scale-down; and all ends at what is wanted, with no mark left.
func TestAnySequenceIsSafeAndEnds(t *testing.T) {
	lowered := 0
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rapid.Uint64().Draw(rt, "seed"))
		w.run(rapid.IntRange(0, 1000).Draw(rt, "deeds"), true)
		w.run(quiet, false)
		require.Empty(rt, w.violations, w.log.String())
		require.Equal(rt, w.desired, w.replicas, w.log.String())
		require.Len(rt, w.pods, int(w.desired))
		for _, p := range w.pods {
			require.False(rt, p.Marked, "%s is still marked\n%s", p.Name, w.log.String())
			require.Equal(rt, w.template, p.template)
		}
		lowered += w.lowered
	})
	require.Positive(t, lowered)
}
