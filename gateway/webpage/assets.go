package webpage

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"time"
)

// contentType spells out what the mime package would ask the machine, whose answer may be wrong or missing.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return "application/octet-stream"
	}
}

// An asset is one file, ready to be served.
type asset struct {
	body        []byte
	contentType string
	etag        string
}

// load returns the embedded files by name.
func load(embedded fs.FS) map[string]asset {
	entries, err := fs.ReadDir(embedded, folder)
	if err != nil {
		panic(fmt.Sprintf("webpage: reading the embedded files: %v", err))
	}
	files := make(map[string]asset, len(entries))
	for _, entry := range entries {
		body, err := fs.ReadFile(embedded, folder+"/"+entry.Name())
		if err != nil {
			panic(fmt.Sprintf("webpage: reading an embedded file: %v", err))
		}
		sum := sha256.Sum256(body)
		files[entry.Name()] = asset{
			body:        body,
			contentType: contentType(entry.Name()),
			etag:        `"` + hex.EncodeToString(sum[:16]) + `"`,
		}
	}
	return files
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
