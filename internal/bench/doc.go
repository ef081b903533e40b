// Package bench measures a Starling cluster from outside, as its clients see it: `starling bench`.
//
// A run starts gateways of its own or takes addresses, opens a [Scenario]'s connections from load generators in processes of their
// own (package load), lets them publish or join, and puts what they saw beside what the servers cost (package proc) into a [Report].
// Other servers can be measured in the same way: a [Server] says how clients reach it and which dialect they speak.
//
// # What it promises
//
//   - A report says whether everything that was promised came true under the load: every publish at every subscriber, once and in
//     order, and no connection closed by the server. What did not is listed in [Report.Faults].
//   - Without addresses it touches loopback only.
//   - What could not be measured is left out and said, never estimated.
//
// # What it does not do
//
// It judges no figures: machines differ. Compare ratios of runs that alternate on one machine.
package bench
