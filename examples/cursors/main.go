// Cursors serves a page on which everybody sees where the others point.
//
//	go run ./examples/cursors
package main

import (
	"context"
	"embed"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"time"

	"github.com/starling-realtime/starling/examples/internal/local"
)

// rules let clients send their cursor and see who is there.
const rules = `[{"channels": ["cursors"], "allow": ["join", "publish", "presence"]}]`

//go:embed page
var page embed.FS

//go:embed check.mjs
var script string

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "address of the page, host:port")
	check := flag.Bool("check", false, "let two clients in Node (20 or later) try the page's script, on any free port, and end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	visit := awaitEnd
	if *check {
		*listen, visit = "127.0.0.1:0", tryInNode
	}
	if err := run(ctx, os.Stdout, *listen, visit); err != nil {
		fmt.Fprintln(os.Stderr, "cursors:", err)
		os.Exit(1) //nolint:gocritic // the signal handler ends with the process
	}
}

// run serves the page and its gateways while visit runs.
func run(ctx context.Context, out io.Writer, listen string, visit func(ctx context.Context, out io.Writer, url string) error) (err error) {
	files, err := fs.Sub(page, "page")
	if err != nil {
		return err
	}
	cluster, err := local.Start(ctx, local.Options{Listen: listen, Rules: rules, Page: http.FileServerFS(files)})
	if err != nil {
		return err
	}
	defer func() { err = cluster.Stop(err) }()
	return visit(ctx, out, "http://"+cluster.Addrs[0])
}

// awaitEnd leaves the page to people, until Ctrl-C.
func awaitEnd(ctx context.Context, out io.Writer, url string) error {
	fmt.Fprintf(out, "open %s in two windows\n", url)
	<-ctx.Done()
	return nil
}

// tryInNode runs check.mjs, within a minute.
func tryInNode(ctx context.Context, out io.Writer, url string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	// Node 20 has a WebSocket behind this flag, and later ones have it anyway.
	node := exec.CommandContext(ctx, "node", "--experimental-websocket", "--no-warnings", "--input-type=module", "--eval", script, url)
	node.Stdout, node.Stderr = out, out
	if err := node.Run(); err != nil {
		return fmt.Errorf("trying the page's script in Node: %w", err)
	}
	return nil
}
