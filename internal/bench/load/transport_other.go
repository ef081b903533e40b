//go:build !linux

package load

import "net/netip"

// A link is the transport's part of a connection.
type link struct{ net netLink }

func newTransport(e *engine, sources []netip.Addr, _ bool) (transport, error) {
	return newNetTransport(e, sources), nil
}
