package hub

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Presence is the set of members with at least one live connection, or inside their grace, whatever happens in whatever
// order; and what each client replays from its snapshot is the hub's own presence.
func TestPresenceIsExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) { runWorld(t, rt, localSteps) })
}

// The same holds for the union with other boots, and for typing.
func TestMergedPresenceIsExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) { runWorld(t, rt, allSteps) })
}

func runWorld(t *testing.T, rt *rapid.T, kinds []stepKind) {
	opts := Options{
		Grace:     rapid.SampledFrom([]time.Duration{0, 300 * time.Millisecond, 5 * time.Second}).Draw(rt, "grace"),
		TypingTTL: rapid.SampledFrom([]time.Duration{time.Second, 4 * time.Second}).Draw(rt, "typing TTL"),
	}
	steps := drawSteps(rt, kinds)
	inBubble(t, rt, func(t require.TestingT) {
		w := newWorld(t, opts)
		defer w.hub.Close()
		for _, s := range steps {
			w.do(s)
			w.check(false)
		}
		settle(opts.Grace + opts.TypingTTL + defaultCountInterval)
		w.check(true)
		w.end()
	})
}
