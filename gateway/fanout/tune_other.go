//go:build !linux

package fanout

import "net"

// tune does nothing here: the socket options are Linux's.
func tune(*net.TCPConn, Options) error { return nil }
