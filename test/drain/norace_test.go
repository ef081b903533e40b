//go:build !race

package drain

// portion divides the number of clients.
const portion = 1
