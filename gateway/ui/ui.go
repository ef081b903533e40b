// Package ui is the dashboard that a gateway serves on its admin port at /ui/: a page that shows the whole cluster, and keeps showing
// it while gateways come and go.
//
// # What it promises
//
//   - The page is embedded and complete: it loads nothing from another origin, and building it needs no tool.
//   - It runs under the strict policy of package webpage, without inline script, inline style, eval or HTML sinks: names of channels
//     and members come from clients.
//   - Its addresses are relative, so it works through kubectl port-forward and below any path of a reverse proxy that leaves the
//     Authorization header alone. The Kubernetes API server's own proxy keeps that header for itself.
//
// # What it does not do
//
// It has no data: the page asks the gateway at /ui/api/, and shows nothing without the right to.
package ui

import (
	"embed"
	"net/http"

	"github.com/starling-realtime/starling/gateway/webpage"
)

//go:embed assets/*.html assets/*.css assets/*.js assets/*.svg
var embedded embed.FS

// Handler returns a handler for the page at "/ui/" and its files below. It answers GET and HEAD, and 404 or 405 to everything else. It
// is safe for concurrent use.
func Handler() http.Handler { return webpage.Handler(embedded, "/ui/", "/ui/") }
