package localcluster

import (
	"math/rand/v2"
	"time"
)

const (
	firstPause = 100 * time.Millisecond
	maxPause   = 5 * time.Second
	// steadyLife is how long a gateway must have lived for the pauses to begin anew.
	steadyLife = 10 * time.Second
	// maxFailures is how often in a row a gateway may fail to start.
	maxFailures = 5
)

// pause returns how long to wait before the nth restart in a row, from 1: doubling, capped, and half of it random, so that gateways
// that died together do not come back together.
func pause(n int) time.Duration {
	whole := maxPause
	if shift := n - 1; shift < 6 {
		whole = min(maxPause, firstPause<<shift)
	}
	return whole/2 + rand.N(whole/2+1)
}
