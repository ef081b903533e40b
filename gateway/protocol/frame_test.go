package protocol_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/protocol"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// body returns what follows the header.
func body(frame []byte) []byte {
	switch frame[1] {
	case 126:
		return frame[4:]
	case 127:
		return frame[10:]
	default:
		return frame[2:]
	}
}

// payloadOf checks the header of an unmasked text frame, written by hand from RFC 6455, and returns the payload.
func payloadOf(t *testing.T, frame []byte) []byte {
	t.Helper()
	require.Equal(t, byte(0x81), frame[0], "FIN and text")
	switch n := frame[1]; {
	case n < 126:
		require.Len(t, frame[2:], int(n))
		return frame[2:]
	case n == 126:
		size := int(binary.BigEndian.Uint16(frame[2:]))
		require.GreaterOrEqual(t, size, 126, "the shortest header is a must")
		require.Len(t, frame[4:], size)
		return frame[4:]
	default:
		require.Equal(t, byte(127), n, "not masked")
		size := int(binary.BigEndian.Uint64(frame[2:]))
		require.GreaterOrEqual(t, size, 1<<16, "the shortest header is a must")
		require.Len(t, frame[10:], size)
		return frame[10:]
	}
}

func TestTextFrameOfEverySizeClass(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 1<<16 - 1, 1 << 16, 1<<16 + 1} {
		payload := bytes.Repeat([]byte("x"), n)
		require.Equal(t, payload, append([]byte{}, payloadOf(t, protocol.TextFrame(payload))...), n)
	}
}

func TestCloseReasonIsCutBetweenCharacters(t *testing.T) {
	frame := protocol.CloseFrame(protocol.ClosePolicy, strings.Repeat("é", 100))
	require.Equal(t, []byte{0x88, 2 + 122}, frame[:2])
	require.True(t, utf8.Valid(frame[4:]))
	require.Equal(t, uint16(1008), binary.BigEndian.Uint16(frame[2:]))
	require.Len(t, protocol.PingFrame(make([]byte, 200)), 2+125)
}

// What this package writes is read by an independent implementation.
func TestGorillaReadsOurFrames(t *testing.T) {
	conn := rawServer(t, func(w io.Writer) {
		_, _ = w.Write(protocol.PingFrame([]byte("p1")))
		_, _ = w.Write(protocol.PongFrame([]byte("p2")))
		_, _ = w.Write(protocol.TextFrame([]byte(`"é"`)))
		_, _ = w.Write(protocol.TextFrame(bytes.Repeat([]byte("x"), 70000)))
		_, _ = w.Write(protocol.CloseFrame(protocol.CloseTooSlow, "too slow"))
	})
	var pings, pongs []string
	conn.SetPingHandler(func(s string) error { pings = append(pings, s); return nil })
	conn.SetPongHandler(func(s string) error { pongs = append(pongs, s); return nil })
	_, got, err := conn.ReadMessage()
	require.NoError(t, err)
	require.Equal(t, `"é"`, string(got))
	_, got, err = conn.ReadMessage()
	require.NoError(t, err)
	require.Len(t, got, 70000)
	_, _, err = conn.ReadMessage()
	require.True(t, websocket.IsCloseError(err, 4008), "%v", err)
	require.Equal(t, []string{"p1"}, pings)
	require.Equal(t, []string{"p2"}, pongs)
}

// rawServer returns a client's connection to a server that upgrades and then writes raw bytes.
func rawServer(t *testing.T, write func(io.Writer)) *websocket.Conn {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		up := websocket.Upgrader{}
		conn, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		buf := bufio.NewWriter(conn.NetConn())
		write(buf)
		_ = buf.Flush()
		_, _ = io.Copy(io.Discard, conn.NetConn())
		_ = conn.Close()
	}))
	t.Cleanup(srv.Close)
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+srv.Listener.Addr().(*net.TCPAddr).String(), nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}
