package link

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// dialRaw returns a connection to n that has proved itself as boot a and not said hello.
func dialRaw(t *testing.T, n *node) *tls.Conn {
	t.Helper()
	conn := dialPlain(t, n)
	secure := tls.Client(conn, testKeys(t, "test", bootA).ClientConfig(bootB))
	require.NoError(t, secure.Handshake())
	return secure
}

// dialPlain returns a connection to n on which only the first byte was written.
func dialPlain(t *testing.T, n *node) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", n.listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = conn.Write([]byte{FirstByte})
	require.NoError(t, err)
	return conn
}

func goodHello() *hello {
	return &hello{
		versions: SupportedVersions(), cluster: "test", boot: bootA, receiver: bootB, node: "raw", stream: 7, first: 1, next: 1,
		fresh: true, instance: 1, attempt: 1,
	}
}

// sayHello says hello on a new connection and returns it with the reply.
func sayHello(t *testing.T, n *node, change func(*hello)) (*tls.Conn, *reply) {
	t.Helper()
	conn := dialRaw(t, n)
	h := goodHello()
	change(h)
	_, err := conn.Write(h.encode())
	require.NoError(t, err)
	return conn, receiveReply(t, conn)
}

func receiveReply(t *testing.T, conn io.Reader) *reply {
	t.Helper()
	b, err := readMessage(conn, replyMagic)
	require.NoError(t, err)
	r, err := parseReply(b)
	require.NoError(t, err)
	return r
}

func writeFrame(t *testing.T, conn io.Writer, h header, body []byte) {
	t.Helper()
	var head [headerBytes]byte
	h.put(&head)
	_, err := conn.Write(append(head[:], body...))
	require.NoError(t, err)
}

// readFault reads frames from a receiver until it breaks off, and returns why, and the last acknowledgement.
func readFault(t *testing.T, conn io.Reader) (text string, acked uint64) {
	t.Helper()
	r := newFrameReader(conn, 4<<10, DefaultMaxFrame, func() {})
	for {
		h, body, err := r.next()
		require.NoError(t, err)
		switch h.kind {
		case kindAck:
			acked = h.seq
		case kindFault:
			return string(body), acked
		}
	}
}

// fakePeer is boot b as the test plays it: each connection that has said hello is given to serve.
func fakePeer(t *testing.T, serve func(conn *tls.Conn, h *hello)) *node {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	keys := testKeys(t, "test", bootB).ServerConfig()
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer func() { _ = conn.Close() }()
				_ = conn.SetDeadline(time.Now().Add(patience))
				if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
					return
				}
				secure := tls.Server(conn, keys)
				if secure.Handshake() != nil {
					return
				}
				b, err := readMessage(secure, helloMagic)
				if err != nil {
					return
				}
				if h, err := parseHello(b); err == nil {
					serve(secure, h)
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		serving.Wait()
	})
	return &node{t: t, listener: listener}
}

// answerAs is the reply of boot b.
func answerAs(change func(*reply)) []byte {
	r := &reply{boot: bootB, versions: SupportedVersions(), version: 1}
	change(r)
	return r.encode()
}
