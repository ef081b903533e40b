//go:build !race

package rebalance

// worlds is how many clusters are simulated of each sort.
const worlds = 100
