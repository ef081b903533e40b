package demo

import (
	"embed"
	"net/http"

	"github.com/starling-realtime/starling/gateway/webpage"
)

//go:embed assets/*.html assets/*.css assets/*.js assets/*.svg
var embedded embed.FS

// Handler returns a handler for the page at "/" and its files under "/demo/", to be mounted at "/". It answers GET and
// HEAD, and 404 or 405 to everything else. It is safe for concurrent use and holds about 80 KB.
func Handler() http.Handler { return webpage.Handler(embedded, "/", "/demo/") }
