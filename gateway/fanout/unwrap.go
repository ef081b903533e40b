package fanout

import "net"

// UnwrapTCP returns the TCP connection below conn, through a [GuardedConn], TLS, or any wrapper with a method
// NetConn() net.Conn; nil when there is none.
func UnwrapTCP(conn net.Conn) *net.TCPConn {
	for range 8 { // a wrapper that returns itself must not hang us
		if tcp, ok := conn.(*net.TCPConn); ok {
			return tcp
		}
		wrapper, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			return nil
		}
		conn = wrapper.NetConn()
	}
	return nil
}
