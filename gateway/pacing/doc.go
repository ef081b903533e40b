// Package pacing decides how fast: how fast a gateway takes new connections ([Door]), and how fast one that drains sends its own
// to the others ([Mover], [Share]).
//
// It is arithmetic: callers bring the time, wait and send by themselves. So the rules can be tried with any course of events.
//
// # What it promises
//
//   - A Door lets in at most its rate and a tenth of a second's worth more, in the order of arrival. Nobody waits longer than was
//     said, and no more wait than was said. Who is refused learns when to come back, at times that differ, late enough that those
//     who were refused before have had their turn.
//   - A Mover spreads over the time that there is, and never goes faster than it may, also when it was called late.
//
// # What it does not do
//
// It knows nothing of connections, gateways and clocks.
package pacing
