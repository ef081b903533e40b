package demo

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"path"
)

//go:embed assets/*.html assets/*.css assets/*.js assets/*.svg
var embedded embed.FS

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

// asset is one embedded file, ready to be served.
type asset struct {
	body        []byte
	contentType string
	etag        string
}

// loadAssets returns the embedded files by name. It panics when the binary itself is wrong, which the tests rule out.
func loadAssets() map[string]asset {
	entries, err := embedded.ReadDir("assets")
	if err != nil {
		panic(fmt.Sprintf("demo: reading the embedded files: %v", err))
	}
	files := make(map[string]asset, len(entries))
	for _, entry := range entries {
		body, err := embedded.ReadFile("assets/" + entry.Name())
		if err != nil {
			panic(fmt.Sprintf("demo: reading an embedded file: %v", err))
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
