//go:build race

package rebalance

// worlds is how many clusters are simulated of each sort: with the race detector each of them costs many times as much.
const worlds = 10
