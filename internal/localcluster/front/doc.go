// Package front spreads TCP connections over a few gateways on this machine, as a Service does in Kubernetes. It looks at no
// bytes, so everything that the gateways speak goes through unchanged.
//
// It promises that a new connection goes to the ready gateway with the fewest connections through this front, the next in turn
// among equals; that a gateway that is not ready gets no new connections and keeps those that it has; and that a client for which there
// is no gateway is answered with a plain 503 instead of a closed socket.
//
// It does not tell the gateways the clients' addresses, terminate TLS or check who connects: it is for development.
package front
