// Realtime-chat puts a Starling gateway into an ordinary http.Server and lets two people meet in a channel: they see each
// other come, type, chat and leave. Everything happens in this process, over real WebSockets on a loopback port.
//
//	go run ./examples/realtime-chat
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/hub"
)

const room = "room:1"

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "realtime-chat:", err)
		os.Exit(1)
	}
}

// run serves a gateway, plays the scene and takes everything down again, within 30 seconds.
func run(ctx context.Context, out io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()

	// A gateway is a hub with a WebSocket server in front of it. In anonymous mode clients name themselves; a real
	// server sets gateway.Options.Authenticator, or takes signed tokens.
	cfg := gateway.DefaultConfig()
	cfg.Anonymous = true
	gw, err := gateway.New(cfg, gateway.Options{})
	if err != nil {
		return fmt.Errorf("making the gateway: %w", err)
	}

	// It is an http.Handler like any other, so it lives beside the rest of your server.
	mux := http.NewServeMux()
	mux.Handle("/ws", gw.Handler())
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "my own page\n")
	})
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		// The server does not know the WebSockets that it handed over: the gateway closes them.
		err = errors.Join(err, gw.Close(ctx), server.Shutdown(ctx))
		if serveErr := <-served; !errors.Is(serveErr, http.ErrServerClosed) {
			err = errors.Join(err, serveErr)
		}
	}()

	fmt.Fprintf(out, "server listens on http://%s\n", listener.Addr())
	return play(ctx, out, gw.Hub(), "ws://"+listener.Addr().String()+"/ws")
}

// play is what happens in the room. h is the server's own view of it.
func play(ctx context.Context, out io.Writer, h *hub.Hub, url string) error {
	s := &scene{ctx: ctx, out: out, url: url}
	ada := s.connect("ada")
	defer ada.close()
	grace := s.connect("grace")
	defer grace.close()

	// Who joins gets a snapshot of the room; the others get the change.
	ada.send("join", values{"channel": room})
	ada.expect("presence:snapshot", "is in the room with %v", "members")
	grace.send("join", values{"channel": room})
	grace.expect("presence:snapshot", "is in the room, which has %v members", "memberCount")
	ada.expect("presence:join", "sees %v come in", "memberId")

	// A typing flag ends by itself when it is not refreshed.
	ada.send("typing", values{"channel": room, "typing": true})
	grace.expect("typing", "sees that %v is typing", "memberId")

	// What is published reaches everybody in the room, except the connection that published it.
	ada.send("publish", values{"channel": room, "type": "chat", "payload": values{"text": "hello, Grace"}})
	grace.expect("chat", "reads %q", "text")

	// The server looks into rooms and publishes, without a connection of its own.
	s.say("server", "counts %d members in %s", h.MemberCount(room), room)
	if _, err := h.Publish(room, "notice", values{"text": "tea is ready"}, hub.PublishOptions{}); err != nil {
		return fmt.Errorf("publishing a notice: %w", err)
	}
	ada.expect("notice", "reads %q", "text")
	grace.expect("notice", "reads %q", "text")

	// A leave is seen at once. A connection that only breaks keeps its member present for the grace.
	grace.send("leave", values{"channel": room})
	ada.expect("presence:leave", "sees %v go", "memberId")
	return s.err
}
