// Live-dashboard shows a backend that publishes figures over the HTTP API, to a web page and to a Go program.
//
//	go run ./examples/live-dashboard
package main

import (
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/starling-realtime/starling/client"
	"github.com/starling-realtime/starling/examples/internal/local"
)

const channel = "figures"

// rules let clients see the figures. Only the backend publishes: its key is not bound by rules.
const rules = `[{"channels": ["figures"], "allow": ["join"]}]`

//go:embed page
var page embed.FS

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "address of the page, host:port")
	check := flag.Bool("check", false, "end after five figures, on any free port")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	figures := 0
	if *check {
		*listen, figures = "127.0.0.1:0", 5
	}
	if err := run(ctx, os.Stdout, *listen, figures); err != nil {
		fmt.Fprintln(os.Stderr, "live-dashboard:", err)
		os.Exit(1) //nolint:gocritic // the signal handler ends with the process
	}
}

// run serves the page and prints figures: that many, within a minute; with 0, until ctx ends.
func run(ctx context.Context, out io.Writer, listen string, figures int) (err error) {
	if figures > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Minute)
		defer cancel()
	}
	files, err := fs.Sub(page, "page")
	if err != nil {
		return err
	}
	cluster, err := local.Start(ctx, local.Options{Listen: listen, Rules: rules, Page: http.FileServerFS(files)})
	if err != nil {
		return err
	}
	defer func() { err = cluster.Stop(err) }()
	fmt.Fprintf(out, "open http://%s\n", cluster.Addrs[0])

	events := make(chan client.Event)
	c, err := client.Connect(ctx, "ws://"+cluster.Addrs[0], client.Options{Member: "terminal"})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Join(ctx, channel, client.JoinOptions{Presence: client.PresenceNone, Events: events}); err != nil {
		return err
	}

	working, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		defer close(done)
		done <- backend{url: "http://" + cluster.Addrs[0], key: cluster.Key}.work(working)
	}()
	err = show(ctx, out, events, done, figures)
	stop()
	return errors.Join(err, <-done)
}

// show prints what comes. Ctrl-C is no error.
func show(ctx context.Context, out io.Writer, events <-chan client.Event, failed <-chan error, figures int) error {
	for n := 0; figures == 0 || n < figures; {
		select {
		case e := <-events:
			if m, ok := e.(client.Message); ok {
				fmt.Fprintf(out, "%s %s\n", m.Type, m.Payload)
				n++
			}
		case err := <-failed:
			return err
		case <-ctx.Done():
			if figures == 0 {
				return nil
			}
			return ctx.Err()
		}
	}
	return nil
}
