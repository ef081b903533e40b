// Package drain tests whole gateways that move their clients to others, with real sockets, a real mesh and the Go client: what
// docs/drain.md and, of rebalancing, docs/operations.md promise.
package drain
