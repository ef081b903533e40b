// Command compare measures Starling beside Centrifugo and Socket.IO, with the load and the checks of `starling bench`, on one
// machine in alternating runs. hack/bench/compare.sh fetches the others at pinned versions and starts it.
//
// Every round measures each system once, in turn, so that what else happens on the machine meets all of them. The table gives the
// median of the rounds and Starling's ratio to each of the others, also the median, of the ratios within a round.
//
// The others are as they come: memory engine and insecure mode for Centrifugo, WebSocket only for Socket.IO, presence and joins on
// where presence is measured. With --nodes over 1 they share a Redis, and Starling's gateways their mesh.
//
// The system "bare" is the floor: a server with the same WebSocket library that writes each publish once to each subscriber, and does
// nothing else.
package main
