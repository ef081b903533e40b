package httpapi

import (
	"net/http"
	"path"
	"strings"
)

// ServeHTTP implements [http.Handler]. Paths are taken as they are: a mux would redirect one with an empty part, "." or ".." to another
// operation, and a client that puts a name into a path and forgets to encode it would follow, with its key.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if escaped := r.URL.EscapedPath(); escaped != "*" && !isClean(escaped) {
		a.refuse(w, r, Problemf(CodeNotFound, `the path has an empty part, "." or "..": percent-encode names in it, "." as %%2E`))
		return
	}
	a.mux.ServeHTTP(w, r)
}

func isClean(escaped string) bool {
	return path.Clean(escaped) == strings.TrimSuffix(escaped, "/")
}

// Bearer returns the one key or token that a request carries as "Authorization: Bearer", and false for none and for several: proxies and
// servers do not agree on which of several counts.
func Bearer(r *http.Request) (key string, ok bool) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}
	scheme, key, _ := strings.Cut(values[0], " ")
	return strings.TrimSpace(key), strings.EqualFold(scheme, "Bearer")
}
