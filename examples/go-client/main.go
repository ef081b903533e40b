// Go-client shows what package client does when its gateway goes away: two gateways with one mesh run in this process, Ada moves
// from one to the other in the middle of a conversation, and Grace notices nothing.
//
//	go run ./examples/go-client
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/starling-realtime/starling/client"
	"github.com/starling-realtime/starling/examples/internal/local"
	"github.com/starling-realtime/starling/gateway"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "go-client:", err)
		os.Exit(1)
	}
}

// run plays the scene, within a minute.
func run(ctx context.Context, out io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	pair, err := local.Start(ctx, local.Options{Gateways: 2})
	if err != nil {
		return err
	}
	defer func() { err = pair.Stop(err) }()
	say := printer(out)

	// The client knows one address, as behind a load balancer. It begins at the first gateway.
	var balancer balancer
	balancer.use(pair.Addrs[0])
	moves := make(chan client.Status, 10)
	ada, err := client.Connect(ctx, "ws://starling", client.Options{
		Member: "ada", DialContext: balancer.dial, OnStatus: func(s client.Status) { moves <- s },
	})
	if err != nil {
		return err
	}
	defer func() { _ = ada.Close() }()
	balancer.use(pair.Addrs[1])
	grace, err := client.Connect(ctx, "ws://starling", client.Options{Member: "grace", DialContext: balancer.dial})
	if err != nil {
		return err
	}
	defer func() { _ = grace.Close() }()
	say("ada", "is at %s", ada.Gateway())
	say("grace", "is at %s", grace.Gateway())
	return talk(ctx, say, pair.Gateways[0], ada, grace, moves)
}

func talk(ctx context.Context, say sayer, first *gateway.Gateway, ada, grace *client.Client, moves <-chan client.Status) error {
	heard := make(chan client.Event)
	if _, err := grace.Join(ctx, "room:1", client.JoinOptions{Events: heard}); err != nil {
		return err
	}
	room, err := ada.Join(ctx, "room:1", client.JoinOptions{})
	if err != nil {
		return err
	}
	for i, text := range []string{"hello", "are you there?", "still me"} {
		if i == 1 { // the gateway asks its clients to move
			first.StartDrain(gateway.DrainRequest{Reason: "example"})
			if err := await(ctx, moves, client.StateMoving); err != nil {
				return err
			}
			say("ada", "is asked to move")
		}
		if i == 2 {
			if err := await(ctx, moves, client.StateConnected); err != nil {
				return err
			}
			say("ada", "is at %s", ada.Gateway())
		}
		if _, err := room.Publish(ctx, "chat", text, client.PublishOptions{}); err != nil {
			return err
		}
		if err := listen(ctx, say, heard); err != nil {
			return err
		}
	}
	return nil
}

// await waits until the client is in a state.
func await(ctx context.Context, moves <-chan client.Status, state client.State) error {
	for seen := false; !seen; {
		select {
		case s := <-moves:
			seen = s.State == state && (state != client.StateConnected || s.Gateway == "gateway-2")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// listen tells what Grace hears, up to the next message.
func listen(ctx context.Context, say sayer, heard <-chan client.Event) error {
	for {
		select {
		case e := <-heard:
			switch e := e.(type) {
			case client.Presence:
				say("grace", "sees %v come and %v go", e.Joined, e.Left)
			case client.Message:
				say("grace", "reads %s", e.Payload)
				return nil
			case client.Gap:
				say("grace", "may have missed something")
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

type sayer func(who, format string, args ...any)

func printer(out io.Writer) sayer {
	var mu sync.Mutex
	return func(who, format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(out, "%-6s "+format+"\n", append([]any{who}, args...)...)
	}
}
