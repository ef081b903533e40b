// Package drain tests whole gateways that move their clients to others, with real sockets, a real mesh and the Go client: what
// docs/drain.md promises.
package drain
