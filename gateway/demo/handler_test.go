package demo_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/demo"
)

func request(t *testing.T, method, path string, header http.Header) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	maps.Copy(r.Header, header)
	w := httptest.NewRecorder()
	demo.Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(b)
}

func TestServesThePageAndItsFiles(t *testing.T) {
	tests := []struct{ path, contentType, contains string }{
		{"/", "text/html; charset=utf-8", "<!doctype html>"},
		{"/demo/app.js", "text/javascript; charset=utf-8", "import"},
		{"/demo/base.css", "text/css; charset=utf-8", "color-scheme"},
		{"/demo/icon.svg", "image/svg+xml", "<svg"},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			res := request(t, http.MethodGet, tt.path, nil)
			require.Equal(t, http.StatusOK, res.StatusCode)
			require.Equal(t, tt.contentType, res.Header.Get("Content-Type"))
			require.Equal(t, "no-cache", res.Header.Get("Cache-Control"))
			require.Contains(t, body(t, res), tt.contains)
		})
	}
}

func TestRefusesOtherPathsAndMethods(t *testing.T) {
	tests := []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, "/nothing", http.StatusNotFound},
		{http.MethodGet, "/demo/", http.StatusNotFound},
		{http.MethodGet, "/demo/index.html", http.StatusNotFound},
		{http.MethodGet, "/demo/nothing.js", http.StatusNotFound},
		{http.MethodPost, "/", http.StatusMethodNotAllowed},
		{http.MethodDelete, "/demo/app.js", http.StatusMethodNotAllowed},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			res := request(t, tt.method, tt.path, nil)
			require.Equal(t, tt.want, res.StatusCode)
			require.Contains(t, res.Header.Get("Content-Security-Policy"), "default-src 'none'")
		})
	}
}

func TestBrowsersKeepTheFilesAndAsk(t *testing.T) {
	first := request(t, http.MethodGet, "/", nil)
	etag := first.Header.Get("ETag")
	require.Regexp(t, `^"[0-9a-f]{32}"$`, etag)

	again := request(t, http.MethodGet, "/", http.Header{"If-None-Match": {etag}})
	require.Equal(t, http.StatusNotModified, again.StatusCode)
	require.Empty(t, body(t, again))

	other := request(t, http.MethodGet, "/demo/app.js", http.Header{"If-None-Match": {etag}})
	require.Equal(t, http.StatusOK, other.StatusCode)
}

func TestHeadHasNoBody(t *testing.T) {
	res := request(t, http.MethodHead, "/", nil)
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.NotEmpty(t, res.Header.Get("ETag"))
	require.Empty(t, body(t, res))
}

func TestSecurityHeaders(t *testing.T) {
	h := request(t, http.MethodGet, "/", nil).Header
	require.NotContains(t, h.Get("Content-Security-Policy"), "unsafe")
	require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
	require.Equal(t, "DENY", h.Get("X-Frame-Options"))
	require.Equal(t, "no-referrer", h.Get("Referrer-Policy"))
	require.Equal(t, "same-origin", h.Get("Cross-Origin-Opener-Policy"))
	require.Equal(t, "same-origin", h.Get("Cross-Origin-Resource-Policy"))
}

// The policy forbids inline script and style, and browsers drop them without a word: so the page must have none.
func TestPageKeepsItsOwnPolicy(t *testing.T) {
	page := body(t, request(t, http.MethodGet, "/", nil))
	require.NotRegexp(t, `(?i)\s(style|on[a-z]+)=`, page)
	require.NotRegexp(t, `(?i)<style`, page)
	require.NotRegexp(t, `(?i)<script(?:\s+type="module")?>`, page)
	require.NotRegexp(t, `(?i)(https?:)?//[a-z]`, page, "nothing may come from another origin")
}

var reference = regexp.MustCompile(`(?:src|href)="(demo/[^"]+)"|from '\./([^']+)'`)

func TestEveryReferencedFileExists(t *testing.T) {
	queue, seen := []string{"/"}, map[string]bool{}
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		if seen[path] {
			continue
		}
		seen[path] = true
		res := request(t, http.MethodGet, path, nil)
		require.Equal(t, http.StatusOK, res.StatusCode, path)
		for _, match := range reference.FindAllStringSubmatch(body(t, res), -1) {
			if match[1] != "" {
				queue = append(queue, "/"+match[1])
			} else {
				queue = append(queue, "/demo/"+match[2])
			}
		}
	}
	require.True(t, seen["/demo/starling.js"], "the page's modules were not followed: %v", seen)
}

func TestScriptsUseNoMarkupSinks(t *testing.T) {
	sinks := []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"}
	for _, name := range []string{"app.js", "room.js", "log.js", "people.js", "dom.js", "notice.js", "entrance.js"} {
		script := body(t, request(t, http.MethodGet, "/demo/"+name, nil))
		for _, sink := range sinks {
			require.NotContains(t, script, sink, name)
		}
	}
}
