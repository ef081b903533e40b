package gateway

import (
	"net/http"
)

// corsHead is the header that lets a page of another origin read the stream: its origin was checked. No cookie is ever looked at, so
// credentials are not allowed.
func corsHead(r *http.Request) string {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return ""
	}
	return "Access-Control-Allow-Origin: " + origin + "\r\nVary: Origin\r\n"
}

// allowPage lets a page that may connect read an answer, whatever it is.
func (g *Gateway) allowPage(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Origin")
	if origin := r.Header.Get("Origin"); origin != "" && g.origins.Check(r) == nil {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Expose-Headers", "Retry-After")
	}
}

// serveEventsPreflight answers what a browser asks before it sends a token in a header.
func (g *Gateway) serveEventsPreflight(w http.ResponseWriter, r *http.Request) {
	if err := g.origins.Check(r); err != nil {
		g.refuseStream(w, r, refusalOf(err, "origin"))
		return
	}
	g.allowPage(w, r)
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", http.MethodGet)
	h.Set("Access-Control-Allow-Headers", "Authorization, Cache-Control, Last-Event-ID")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}
