package demo

import (
	"bytes"
	"net/http"
	"time"
)

// Handler returns a handler for the page at "/" and its files under "/demo/", to be mounted at "/". It answers GET and
// HEAD, and 404 or 405 to everything else. It is safe for concurrent use and holds about 80 KB.
func Handler() http.Handler {
	files := loadAssets()
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", files["index.html"])
	for name, file := range files {
		if name != "index.html" {
			mux.Handle("GET /demo/"+name, file)
		}
	}
	return secured(mux)
}

// ServeHTTP answers with the file, or with 304 when the browser has it.
func (a asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("ETag", a.etag)
	// Names carry no version, and a rollout serves two versions side by side: browsers keep the files but always ask.
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
}
