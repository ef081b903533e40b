package gateway

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/starling-realtime/starling/gateway/httpapi"
)

// onlyViewers lets requests through that may see the dashboard's data, which names channels and members: those with an API key, and
// without any key configured those of this machine.
func (g *Gateway) onlyViewers(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		switch reason := whyNotLocal(r); {
		case g.apiKeys != nil && !g.hasAPIKey(r):
			g.metrics.adminDenied.Inc()
			w.Header().Set("WWW-Authenticate", `Bearer realm="starling dashboard"`)
			refuseView(w, http.StatusUnauthorized, "want Authorization: Bearer with one of the gateway's API keys")
		case g.apiKeys == nil && reason != "":
			g.metrics.adminDenied.Inc()
			refuseView(w, http.StatusForbidden, reason)
		default:
			next(w, r)
		}
	})
}

// hasAPIKey says whether a request carries one of the API keys.
func (g *Gateway) hasAPIKey(r *http.Request) bool {
	key, given := httpapi.Bearer(r)
	_, ok := g.apiKeys.Check(key)
	return given && ok
}

// whyNotLocal says why a request does not count as one of a person at this machine; empty: it does. The name in it is checked
// because a web page elsewhere can make a name of its own lead to this machine, and then read what the browser may.
func whyNotLocal(r *http.Request) string {
	if !isLoopbackHost(r.RemoteAddr) || r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" {
		return "this gateway has no API keys, so it shows channels and members only to its own machine: " +
			"start it with --api-keys-file, or come through kubectl port-forward or an SSH tunnel"
	}
	if !isLoopbackHost(r.Host) {
		return "the address is " + r.Host + ", want localhost or a loopback address: this gateway has no API keys"
	}
	return ""
}

// isLoopbackHost says whether host or host:port is this machine.
func isLoopbackHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// A problem is an answer that says what is wrong, as RFC 9457 has it.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// refuseView answers with a problem.
func refuseView(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	writeJSON(w, status, problem{Title: http.StatusText(status), Status: status, Detail: detail})
}
