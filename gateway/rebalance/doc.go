// Package rebalance decides how many of its clients a gateway asks to connect again because it has more than the others, as after
// gateways were added: clients stay where they are, so without it new gateways stay empty.
//
// It is arithmetic: callers bring the time and what the gateways announce, ask clients to move, and count them. So the rules can be
// tried with any cluster.
//
// A client that moves goes where the load balancer sends it, which may be back. With one that chooses at random, the part of moves
// that end at a gateway with too few is known: the number of those gateways over the number of all. So the planner keeps an account
// of the whole cluster, from what every gateway announces: a move costs one, and a connection less in excess is worth twice the moves
// that chance would need for it. With any load balancer that is no worse than chance the account grows; where clients come back, or
// cannot go where there is room, it is soon empty, and that stops the gateway.
//
// # What it promises
//
//   - Only a gateway that has more than the mean by more than the threshold sheds, until it has the mean, and never below it.
//   - All gateways together never shed more a second than those with too few can take, and no more at a time than the account could
//     bear to lose. So it begins slowly, and gets faster as it proves to help.
//   - The moves of all gateways together are at most what the account begins with, and twice what chance needs for the excess that
//     has gone. It stops by itself when they do not help, and stays stopped until the gateways are others, or the clients are
//     notably more or fewer, or the excess has gone by itself.
//   - It rests unless all gateways serve, are in step and have been the same for a while.
//
// # What it does not do
//
// It chooses no client; the caller must not ask one that connected or was asked less than [Rest] ago. It knows nothing of where
// clients go.
package rebalance
