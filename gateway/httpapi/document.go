package httpapi

import (
	_ "embed"
	"net/http"
)

// DocumentPath is where the OpenAPI document is served, to everybody.
const DocumentPath = "/v1/openapi.json"

// EventsPath is where clients follow channels by server-sent events. It takes clients' tokens, so it is the gateway that serves it; the
// document describes it with the rest of /v1.
const EventsPath = "/v1/events"

//go:embed openapi.json
var document []byte

// Document returns the OpenAPI document. It must not be modified.
func Document() []byte { return document }

// OperationIDs returns the ids of what is served, by method and path.
func OperationIDs() map[string]string {
	ids := map[string]string{http.MethodGet + " " + DocumentPath: "getDocument", http.MethodGet + " " + EventsPath: "streamEvents"}
	for _, op := range operations() {
		ids[op.method+" "+op.path] = op.id
	}
	return ids
}

func serveDocument(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(document)
}
