package webpage

import (
	"io/fs"
	"net/http"
)

// folder is where the files of a page are embedded.
const folder = "assets"

// Handler returns a handler for a page: assets/index.html of the embedded files at the path page, which ends with a slash, and the others
// below the path files, which does too. It answers GET and HEAD, and 404 or 405 to everything else, with the security headers on every
// answer. It is safe for concurrent use, and panics when the program itself is wrong, which tests rule out.
func Handler(embedded fs.FS, page, files string) http.Handler {
	mux := http.NewServeMux()
	for name, file := range load(embedded) {
		if name == "index.html" {
			mux.Handle("GET "+page+"{$}", file)
		} else {
			mux.Handle("GET "+files+name, file)
		}
	}
	return secured(mux)
}
