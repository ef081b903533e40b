package load

import (
	"bytes"
	"fmt"
	"net/http"
)

// handshakeKey is a Sec-WebSocket-Key, the same for all: nobody checks the answer here.
const handshakeKey = "c3RhcmxpbmctYmVuY2gtMQ=="

func upgradeRequest(host, uri string, header http.Header) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n", uri, host)
	fmt.Fprintf(&b, "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n", handshakeKey)
	_ = header.Write(&b) // a buffer takes everything
	b.WriteString("\r\n")
	return b.Bytes()
}

// An upgradeError is an answer that is no upgrade.
type upgradeError struct{ status string }

// Error implements error.
func (r upgradeError) Error() string { return "HTTP " + r.status }

// largestAnswer bounds the head of a server's answer.
const largestAnswer = 16 << 10

// upgradeAnswer returns the size of the head of a server's answer, 0 while it is not all there.
func upgradeAnswer(buf []byte) (size int, err error) {
	end := bytes.Index(buf, []byte("\r\n\r\n"))
	if end < 0 {
		if len(buf) > largestAnswer {
			return 0, upgradeError{"answer without end"}
		}
		return 0, nil
	}
	_, rest, _ := bytes.Cut(buf[:end], []byte{' '})
	status, _, _ := bytes.Cut(rest, []byte{' '})
	if code := string(status); code != "101" {
		return 0, upgradeError{code}
	}
	return end + 4, nil
}
