// Package load makes load on a server and measures what comes back: it opens many WebSocket connections, publishes at a fixed rate
// and takes the time of every delivery.
//
// A [Process] is one load generator in a process of its own, so that what it costs is not counted with the server, nor with
// whoever drives it: it is this program again, running [Serve], and ends with its parent. One goroutine reads all its connections
// by epoll on Linux; elsewhere, and over TLS, each connection has a goroutine, and the generator may be what limits.
//
// # What it promises
//
//   - Latencies are free of coordinated omission: they count from when a publish, a join or a connect was due, not from when the
//     generator got around to it. How late it sent is reported besides, so that a slow generator is not taken for a slow server.
//   - Every delivery is checked: each connection gets each stream's publishes in order, none twice. What is missing is counted
//     by the driver, from what was sent.
//
// # What it does not do
//
// It knows no scenario: the driver says which connections there are and what they do.
package load
