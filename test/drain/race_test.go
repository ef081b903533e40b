//go:build race

package drain

// portion divides the number of clients: with the race detector each of them costs several times as much.
const portion = 4
