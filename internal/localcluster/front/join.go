package front

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

const (
	// copyBuffer is the size of the buffer of each direction. Splicing would need none, but holds two more descriptors a direction.
	copyBuffer = 8 << 10
	// lingerTime is how long a client may go on after its gateway has finished.
	lingerTime = 5 * time.Second
	// refusalTime bounds the answer to a client for which there is no gateway.
	refusalTime = 2 * time.Second
	// maxHead bounds how much of a refused request is read.
	maxHead = 16 << 10
)

// join copies both ways until both have ended, and passes on when one side has finished sending.
func join(client, gateway net.Conn) {
	var upstream sync.WaitGroup
	upstream.Go(func() {
		pass(gateway, client)
	})
	pass(client, gateway)
	// What a gateway finished is over: a client that does not close its side must not keep the connection for ever.
	_ = client.SetReadDeadline(time.Now().Add(lingerTime))
	upstream.Wait()
}

// pass copies until the end of src, or until either side fails; then nothing more can be said and both are closed.
func pass(dst, src net.Conn) {
	// The wrappers hide ReadFrom and WriteTo, which would splice.
	_, err := io.CopyBuffer(struct{ io.Writer }{dst}, struct{ io.Reader }{src}, make([]byte, copyBuffer))
	if err == nil {
		if half, ok := dst.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
			return
		}
	}
	_ = dst.Close()
	_ = src.Close()
}

// refuse answers one HTTP request with 503. It reads the request first: closing with unread input would reset the connection and
// could destroy the answer.
func refuse(conn net.Conn, text string) {
	_ = conn.SetDeadline(time.Now().Add(refusalTime))
	readHead(conn)
	err := answer(conn, text)
	if half, ok := conn.(interface{ CloseWrite() error }); ok && err == nil && half.CloseWrite() == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(conn, maxHead))
	}
}

// answer writes a plain 503.
func answer(conn net.Conn, text string) error {
	_ = conn.SetWriteDeadline(time.Now().Add(refusalTime))
	_, err := fmt.Fprintf(conn, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 1\r\n"+
		"Content-Length: %d\r\nConnection: close\r\n\r\n%s", len(text), text)
	return err
}

// readHead reads until the blank line that ends a request's head, or until there is no sense in going on.
func readHead(conn net.Conn) {
	var head []byte
	buffer := make([]byte, 4<<10)
	for len(head) < maxHead && !bytes.Contains(head, []byte("\r\n\r\n")) {
		n, err := conn.Read(buffer)
		head = append(head, buffer[:n]...)
		if err != nil {
			return
		}
	}
}
