// Package rebalance decides how many of its clients a gateway sends to the others because it has more than they do, as after
// gateways were added: clients stay where they are, so without it new gateways stay empty.
//
// It is arithmetic: callers bring the time and what the gateways announce, ask clients to move, and count the moves. So the rules
// can be tried with any cluster.
//
// # What it promises
//
//   - Only a gateway that has more than the mean of those that serve by more than the threshold sheds, and never below the mean.
//   - No more than the bound a second, counted over all gateways that shed: each takes a share in proportion to its excess.
//   - After each round it looks at what came of it. A round that did not halve the excess stops it until the gateways that serve
//     are others: clients that are sent back to where they came from are not sent away again and again.
//   - It rests while any gateway drains, starts or is not in step, and while this one is not ready.
//
// # What it does not do
//
// It chooses no client; the caller must not move one twice in [Rest]. It knows nothing of where clients go: that is up to load
// balancers.
package rebalance
