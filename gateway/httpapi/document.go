package httpapi

import (
	_ "embed"
	"net/http"
)

// DocumentPath is where the OpenAPI document is served, to everybody.
const DocumentPath = "/v1/openapi.json"

//go:embed openapi.json
var document []byte

// Document returns the OpenAPI document. It must not be modified.
func Document() []byte { return document }

func serveDocument(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(document)
}
