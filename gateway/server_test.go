package gateway

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
)

// A client that does not read its answers is let go of, and one whose connection was taken over is not cut off by that.
func TestWhoDoesNotReadIsLetGoOf(t *testing.T) {
	g, _ := unswept(t)
	server := g.newServer(g.Handler())
	require.Equal(t, g.cfg.HandshakeTimeout+answerTime, server.WriteTimeout)
	server.WriteTimeout = 200 * time.Millisecond
	gone := make(chan struct{}, 1)
	server.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			gone <- struct{}{}
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() { _ = server.Close(); serving.Wait() })
	address := listener.Addr().String()

	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetWriteDeadline(time.Now().Add(internalPatience)))
	_, err = io.WriteString(conn, strings.Repeat("GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 500)) // 18 MB of answers
	require.NoError(t, err)
	select {
	case <-gone:
	case <-time.After(internalPatience):
		t.Fatal("the connection is still there")
	}

	client, response, err := websocket.DefaultDialer.DialContext(context.Background(), "ws://"+address+"/ws?member=ann", nil)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	defer func() { _ = client.Close() }()
	time.Sleep(2 * server.WriteTimeout) // which is what this is about
	require.NoError(t, client.WriteMessage(websocket.TextMessage, []byte(`{"type":"ping"}`)))
	require.NoError(t, client.SetReadDeadline(time.Now().Add(internalPatience)))
	for _, want := range []string{"welcome", "pong"} {
		_, message, err := client.ReadMessage()
		require.NoError(t, err)
		require.Contains(t, string(message), want)
	}
}
