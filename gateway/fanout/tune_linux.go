package fanout

import (
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// tune sets the socket options that opts asks for.
func tune(conn *net.TCPConn, opts Options) error {
	if opts.SendBufferBytes > 0 {
		if err := conn.SetWriteBuffer(opts.SendBufferBytes); err != nil {
			return fmt.Errorf("setting SO_SNDBUF to %d bytes: %w", opts.SendBufferBytes, err)
		}
	}
	if opts.UserTimeout <= 0 {
		return nil
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return fmt.Errorf("setting TCP_USER_TIMEOUT: %w", err)
	}
	millis := max(1, int(opts.UserTimeout/time.Millisecond)) // 0 would mean the default
	var setErr error
	err = raw.Control(func(fd uintptr) {
		setErr = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, millis)
	})
	if err == nil {
		err = setErr
	}
	if err != nil {
		return fmt.Errorf("setting TCP_USER_TIMEOUT to %d ms: %w", millis, err)
	}
	return nil
}
