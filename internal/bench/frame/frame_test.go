package frame

import (
	"bytes"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/starling-realtime/starling/gateway/protocol"
)

// Whatever the server's encoder makes is found again, however it was cut.
func TestNextFindsWhatAServerSends(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload := bytes.Repeat([]byte("x"), rapid.SampledFrom([]int{0, 1, 125, 126, 65535, 65536, 70000}).Draw(t, "size"))
		whole := protocol.TextFrame(payload)
		cut := rapid.IntRange(0, len(whole)-1).Draw(t, "cut")
		_, _, size, err := Next(whole[:cut])
		require.NoError(t, err)
		require.Zero(t, size)

		op, got, size, err := Next(append(whole, "more"...))
		require.NoError(t, err)
		require.Equal(t, Text, op)
		require.Equal(t, len(whole), size)
		require.True(t, bytes.Equal(payload, got))
	})
}

func TestNextRefuses(t *testing.T) {
	for name, buf := range map[string][]byte{
		"a fragment":     {0x01, 0x00},
		"a continuation": {0x80, 0x00},
		"a masked frame": {0x81, 0x80, 0, 0, 0, 0},
		"a huge frame":   {0x81, 127, 1, 0, 0, 0, 0, 0, 0, 0},
	} {
		_, _, _, err := Next(buf)
		require.ErrorIs(t, err, ErrBroken, name)
	}
}

func TestCloseCode(t *testing.T) {
	_, payload, _, err := Next(protocol.CloseFrame(protocol.CloseTooSlow, "too slow"))
	require.NoError(t, err)
	require.Equal(t, 4008, CloseCode(payload))
	require.Equal(t, websocket.CloseNoStatusReceived, CloseCode(nil))
}

// A frame with the zero key has its payload as it is.
func TestAppendMasks(t *testing.T) {
	for _, n := range []int{0, 125, 126, 65536} {
		payload := bytes.Repeat([]byte("y"), n)
		framed := Append(nil, Text, payload)
		require.Equal(t, byte(0x81), framed[0])
		require.Equal(t, byte(0x80), framed[1]&0x80)
		require.True(t, bytes.HasSuffix(framed, append([]byte{0, 0, 0, 0}, payload...)))
	}
}

func FuzzNext(f *testing.F) {
	f.Add(protocol.TextFrame([]byte("hello")))
	f.Add([]byte{0x81, 126, 0})
	f.Fuzz(func(t *testing.T, buf []byte) {
		_, payload, size, err := Next(buf)
		if err == nil && size > 0 && (size > len(buf) || len(payload) >= size) {
			t.Fatalf("a frame of %d with a payload of %d in %d bytes", size, len(payload), len(buf))
		}
	})
}
