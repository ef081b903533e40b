package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/starling-realtime/starling/internal/bench/dialect"
)

// bareName is the floor below every server in Go: the same handshakes, reads and writes, and nothing else.
const bareName = "bare"

// bareServer upgrades, answers joins and writes each publish once to each subscriber, one after the other. It has no queues, so that a
// slow client stops all, no presence, no bounds and no checks.
type bareServer struct {
	upgrader websocket.Upgrader
	mu       sync.RWMutex
	channels map[string][]net.Conn
}

// serveBare serves at an address until ctx ends.
func serveBare(ctx context.Context, address string) error {
	b := &bareServer{
		upgrader: websocket.Upgrader{ReadBufferSize: 512, WriteBufferSize: 256, WriteBufferPool: &sync.Pool{}},
		channels: map[string][]net.Conn{},
	}
	server := &http.Server{Addr: address, Handler: b, ReadHeaderTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving at %s: %w", address, err)
	}
	return nil
}

func (b *bareServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := b.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // the client has its answer
	}
	go b.serve(conn)
}

func (b *bareServer) serve(conn *websocket.Conn) {
	defer func() { _ = conn.Close() }()
	raw := conn.NetConn()
	var joined []string
	defer func() { b.leave(raw, joined) }()
	if _, err := raw.Write(textFrame([]byte(`{"type":"welcome"}`))); err != nil {
		return
	}
	var msg bytes.Buffer
	for {
		_, reader, err := conn.NextReader()
		if err != nil {
			return
		}
		msg.Reset()
		if _, err := msg.ReadFrom(reader); err != nil {
			return
		}
		channel := string(dialect.Field(msg.Bytes(), "channel"))
		if bytes.HasPrefix(msg.Bytes(), []byte(`{"type":"publish"`)) {
			b.publish(channel, textFrame(msg.Bytes()))
			continue
		}
		b.join(raw, channel)
		joined = append(joined, channel)
		if _, err := raw.Write(textFrame([]byte(`{"type":"reply"}`))); err != nil {
			return
		}
	}
}

func (b *bareServer) join(conn net.Conn, channel string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.channels[channel] = append(b.channels[channel], conn)
}

func (b *bareServer) leave(conn net.Conn, channels []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, channel := range channels {
		var rest []net.Conn
		for _, other := range b.channels[channel] {
			if other != conn {
				rest = append(rest, other)
			}
		}
		b.channels[channel] = rest
	}
}

// publish writes frames whole: one write at a time goes to a connection, and each is small.
func (b *bareServer) publish(channel string, frame []byte) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, conn := range b.channels[channel] {
		_, _ = conn.Write(frame)
	}
}

// textFrame makes an unmasked frame.
func textFrame(text []byte) []byte {
	const short, medium = 125, 1<<16 - 1
	frame := []byte{0x81, byte(len(text))}
	switch n := len(text); {
	case n > medium:
		panic("the load's publishes are smaller than " + strconv.Itoa(n))
	case n > short:
		frame = []byte{0x81, 126, byte(n >> 8), byte(n)}
	}
	return append(frame, text...)
}

// startBare starts this program as the server.
func startBare(ctx context.Context, group *processes, port string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this program's own file: %w", err)
	}
	address := net.JoinHostPort("127.0.0.1", port)
	return address, group.start(ctx, address, nil, self, bareName, address)
}
