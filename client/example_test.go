package client_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/starling-realtime/starling/client"
	"github.com/starling-realtime/starling/gateway"
)

// Two members meet in a room. Events come to a Go channel here; OnEvent takes a function instead.
func Example() {
	url, stop := startGateway()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	ada, err := client.Connect(ctx, url, client.Options{Member: "ada"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ada.Close()
	events := make(chan client.Event)
	if _, err := ada.Join(ctx, "room:1", client.JoinOptions{Events: events}); err != nil {
		fmt.Println(err)
		return
	}

	grace, err := client.Connect(ctx, url, client.Options{Member: "grace"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer grace.Close()
	room, err := grace.Join(ctx, "room:1", client.JoinOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := room.Publish(ctx, "chat", "hello", client.PublishOptions{}); err != nil {
		fmt.Println(err)
		return
	}

	for e := range events {
		switch e := e.(type) {
		case client.Presence:
			fmt.Println("joined:", e.Joined, "left:", e.Left)
		case client.Message:
			fmt.Printf("%s from %s: %s\n", e.Type, e.From, e.Payload)
			return
		}
	}
	// Output:
	// joined: [ada] left: []
	// joined: [grace] left: []
	// chat from grace: "hello"
}

// A publish that is not waited for tells its outcome in a receipt.
func ExampleChannel_PublishAsync() {
	url, stop := startGateway()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := client.Connect(ctx, url, client.Options{Member: "ada"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	room, err := c.Join(ctx, "room:1", client.JoinOptions{Presence: client.PresenceNone})
	if err != nil {
		fmt.Println(err)
		return
	}
	receipt, err := room.PublishAsync("presence:join", nil, client.PublishOptions{})
	if err != nil {
		fmt.Println(err) // the queue is full, or the channel was left
		return
	}
	_, err = receipt.Wait(ctx)
	fmt.Println(err != nil)
	fmt.Println(c.Flush(ctx))
	// Output:
	// true
	// <nil>
}

func startGateway() (url string, stop func()) {
	cfg := gateway.DefaultConfig()
	cfg.Anonymous = true
	g, err := gateway.New(cfg, gateway.Options{})
	if err != nil {
		panic(err)
	}
	s := httptest.NewServer(g.Handler())
	return s.URL, func() {
		_ = g.Close(context.Background())
		s.Close()
	}
}
