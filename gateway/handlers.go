package gateway

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/starling-realtime/starling/gateway/demo"
	"github.com/starling-realtime/starling/gateway/httpapi"
)

// Handler returns the clients' side: /ws, /v1/events, the HTTP API under the rest of /v1/, and the demo page where the config enables it.
func (g *Gateway) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws", g.serveWebSocket)
	if g.cfg.Demo {
		mux.Handle("/", demo.Handler())
	}
	api := g.traced(g.api)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case path == httpapi.EventsPath:
			g.serveEvents(w, r)
		case path == "/v1", strings.HasPrefix(path, "/v1/"): // not by the mux: see [httpapi.API.ServeHTTP]
			api.ServeHTTP(w, r)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// AdminHandler returns the operators' side: /metrics, /healthz, /readyz, /status and /drain. Requests that change anything need
// "Authorization: Bearer" with the token that [keyring.Keyring.AdminToken] derives; reads need nothing.
func (g *Gateway) AdminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(g.registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", g.serveReady)
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, g.Status()) })
	mux.HandleFunc("GET /drain", g.getDrain)
	mux.Handle("POST /drain", g.onlyAdmin(g.postDrain))
	mux.Handle("DELETE /drain", g.onlyAdmin(g.deleteDrain))
	g.dashboard(mux)
	return mux
}

func (g *Gateway) serveReady(w http.ResponseWriter, _ *http.Request) {
	ready, reason := g.ready.state()
	if !ready {
		http.Error(w, reason, http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ready\n")
}

// onlyAdmin lets requests through that carry the cluster's admin token.
func (g *Gateway) onlyAdmin(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.isAdmin == nil {
			g.metrics.adminDenied.Inc()
			http.Error(w, "this gateway has no mesh key and so no admin token: it takes no changes", http.StatusForbidden)
			return
		}
		if token, given := httpapi.Bearer(r); !given || !g.isAdmin(token) {
			g.metrics.adminDenied.Inc()
			w.Header().Set("WWW-Authenticate", `Bearer realm="starling admin"`)
			http.Error(w, "want Authorization: Bearer with the cluster's admin token", http.StatusUnauthorized)
			return
		}
		next(w, r)
	})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(value) //nolint:errchkjson // the client is gone if this fails: the types are ours
}
