// Package gateway is Starling's server: it speaks starling.v1 over WebSocket to clients, and server-sent events to those that only
// receive, and keeps a [hub.Hub] in step with them. `starling gateway` is [Run]; a program that wants the server inside its own
// http.Server makes a [Gateway] with [New] and mounts [Gateway.Handler].
//
// # What it promises
//
//   - Every request that carries an id gets exactly one answer, and frames of one connection are answered in order.
//   - One goroutine for each idle connection, and none that waits on a slow socket while others wait for it: all
//     writes go through package fanout.
//   - Every bound of [Limits] refuses with an error that names it, and counts what it refused. A connection that does not read
//     is closed with 4008; when the gateway itself lags it slows the publishers' reads instead.
//   - With [Config.Rebalance], clients are asked to connect again while this gateway has notably more than the others, and never more
//     than it has above the mean: see package rebalance.
//   - A gateway takes clients only once it is ready, and never loses readiness because of another gateway.
//
// # What it does not do
//
// It finds no other gateways and carries nothing to them: that is a [Cluster]'s work, and without one a gateway is complete
// on its own. It keeps no history, and it trusts no header of a proxy that it was not told of.
package gateway
