package gateway

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/starling-realtime/starling/gateway/demo"
)

// Handler returns the clients' side: /ws, and the demo page where the config enables it.
func (g *Gateway) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws", g.serveWebSocket)
	if g.cfg.Demo {
		mux.Handle("/", demo.Handler())
	}
	return mux
}

// AdminHandler returns the operators' side: /metrics, /healthz, /readyz, /status and /drain. Requests that change anything need
// "Authorization: Bearer" with the token that [keyring.Keyring.AdminToken] derives; reads need nothing.
func (g *Gateway) AdminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(g.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", g.serveReady)
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, g.Status()) })
	mux.HandleFunc("GET /drain", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, g.DrainStatus()) })
	mux.Handle("POST /drain", g.onlyAdmin(g.postDrain))
	mux.Handle("DELETE /drain", g.onlyAdmin(g.deleteDrain))
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

// drainRequest is the body of POST /drain, which may be absent.
type drainRequest struct {
	// Reason is for people.
	Reason string `json:"reason"`
}

const mostAdminBody = 4 << 10

func (g *Gateway) postDrain(w http.ResponseWriter, r *http.Request) {
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostAdminBody))
	body.DisallowUnknownFields()
	var request drainRequest
	if err := body.Decode(&request); err != nil && !errors.Is(err, io.EOF) {
		http.Error(w, `want no body or {"reason": "text"}: `+err.Error(), http.StatusBadRequest)
		return
	}
	if request.Reason == "" {
		request.Reason = "requested on the admin port"
	}
	g.StartDrain(request.Reason) //nolint:contextcheck // the drain outlives the request
	writeJSON(w, http.StatusAccepted, g.DrainStatus())
}

func (g *Gateway) deleteDrain(w http.ResponseWriter, _ *http.Request) {
	if err := g.CancelDrain(); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	writeJSON(w, http.StatusOK, g.DrainStatus())
}

// onlyAdmin lets requests through that carry the cluster's admin token.
func (g *Gateway) onlyAdmin(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.isAdmin == nil {
			g.metrics.adminDenied.Inc()
			http.Error(w, "this gateway has no mesh key and so no admin token: it takes no changes", http.StatusForbidden)
			return
		}
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || !g.isAdmin(strings.TrimSpace(token)) {
			g.metrics.adminDenied.Inc()
			w.Header().Set("WWW-Authenticate", `Bearer realm="starling admin"`)
			http.Error(w, "want Authorization: Bearer with the cluster's admin token", http.StatusUnauthorized)
			return
		}
		next(w, r)
	})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(value) //nolint:errchkjson // the client is gone if this fails: the types are ours
}
