package gateway

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestConnectionsBeforeTheirUpgradeAreBounded(t *testing.T) {
	refused := make(chan struct{}, 1)
	room := &lobby{most: 2, full: func() { refused <- struct{}{} }}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}))
	server.Config.ConnState = room.track
	server.Start()
	defer server.Close()
	connect := func() net.Conn {
		var dialer net.Dialer
		conn, err := dialer.DialContext(context.Background(), "tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	holds := func(n int64) {
		require.Eventually(t, func() bool { return room.count.Load() == n }, 20*time.Second, time.Millisecond)
	}
	silent, upgrades := connect(), connect()
	holds(2)
	answer, err := http.ReadResponse(bufio.NewReader(connect()), nil)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	require.NotEmpty(t, answer.Header.Get("Retry-After"))
	<-refused
	holds(2)

	_, err = upgrades.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
	require.NoError(t, err)
	holds(1)
	require.NoError(t, silent.Close())
	holds(0)
}
