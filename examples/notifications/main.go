// Notifications shows how a backend reaches one user on all devices: Ada has a phone and a laptop on two gateways, both get what the
// backend sends to her, and Grace does not.
//
//	go run ./examples/notifications
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/starling-realtime/starling/client"
	"github.com/starling-realtime/starling/examples/internal/local"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "notifications:", err)
		os.Exit(1)
	}
}

// run plays the scene, within a minute.
func run(ctx context.Context, out io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cluster, err := local.Start(ctx, local.Options{Gateways: 2})
	if err != nil {
		return err
	}
	defer func() { err = cluster.Stop(err) }()

	var devices []*device
	defer func() {
		for _, d := range devices {
			d.close()
		}
	}()
	for _, d := range []*device{
		{name: "ada's phone", member: "ada", addr: cluster.Addrs[0]},
		{name: "ada's laptop", member: "ada", addr: cluster.Addrs[1]},
		{name: "grace's phone", member: "grace", addr: cluster.Addrs[1]},
	} {
		devices = append(devices, d)
		if err := d.connect(ctx); err != nil {
			return fmt.Errorf("connecting %s: %w", d.name, err)
		}
		fmt.Fprintf(out, "%-13s is at %s\n", d.name, d.client.Gateway())
	}

	b := backend{url: "http://" + cluster.Addrs[0], key: cluster.Key}
	for _, n := range []struct{ member, text string }{{"ada", "your parcel is here"}, {"grace", "your invoice is paid"}} {
		connections, err := b.notify(ctx, n.member, n.text)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%-13s sends to %s: %d connections took it\n", "backend", n.member, connections)
	}
	// Whatever had come to Grace by mistake would be the first thing that she reads.
	for _, d := range devices {
		text, err := d.read(ctx)
		if err != nil {
			return fmt.Errorf("waiting for a notification on %s: %w", d.name, err)
		}
		fmt.Fprintf(out, "%-13s shows %s\n", d.name, text)
	}
	return nil
}

// A device is one of a user's connections.
type device struct {
	name, member, addr string
	client             *client.Client
	notifications      chan client.Message
}

// connect connects, and that is all: what is sent to a member needs no channel, and so nobody sees who else gets some.
func (d *device) connect(ctx context.Context) (err error) {
	const most = 16
	d.notifications = make(chan client.Message, most)
	d.client, err = client.Connect(ctx, "ws://"+d.addr, client.Options{Member: d.member, OnDirect: d.show})
	return err
}

// show takes what was sent to the member. Another event would be a client.Gap: then load what was missed from your own database.
func (d *device) show(e client.Event) {
	if m, ok := e.(client.Message); ok {
		d.notifications <- m
	}
}

func (d *device) close() {
	if d.client != nil {
		_ = d.client.Close()
	}
}

// read waits for the next notification.
func (d *device) read(ctx context.Context) (string, error) {
	select {
	case m := <-d.notifications:
		return string(m.Payload), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
