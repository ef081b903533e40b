package fanout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestSocketOptions(t *testing.T) {
	p := newPool(t, Options{SendBufferBytes: 32 << 10, UserTimeout: 7 * time.Second})
	server, _ := tcpPair(t)
	_, err := p.Attach(Guard(server), SocketOptions{})
	require.NoError(t, err)
	raw, err := server.SyscallConn()
	require.NoError(t, err)
	get := func(level, name int) int {
		var value int
		require.NoError(t, raw.Control(func(fd uintptr) {
			var err error
			value, err = unix.GetsockoptInt(int(fd), level, name)
			require.NoError(t, err)
		}))
		return value
	}
	require.Equal(t, 64<<10, get(unix.SOL_SOCKET, unix.SO_SNDBUF), "Linux doubles it")
	require.Equal(t, 7000, get(unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT))

	server.Close()
	_, err = p.Attach(server, SocketOptions{})
	require.ErrorContains(t, err, "setting SO_SNDBUF to 32768 bytes")
}
