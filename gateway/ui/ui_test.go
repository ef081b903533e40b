package ui_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/ui"
)

func request(t *testing.T, method, path string) (*http.Response, string) {
	t.Helper()
	w := httptest.NewRecorder()
	ui.Handler().ServeHTTP(w, httptest.NewRequest(method, path, nil))
	body, err := io.ReadAll(w.Result().Body)
	require.NoError(t, err)
	return w.Result(), string(body)
}

func TestServesThePageAndItsFilesOnly(t *testing.T) {
	for _, test := range []struct {
		method, path, contentType string
		status                    int
	}{
		{http.MethodGet, "/ui/", "text/html; charset=utf-8", http.StatusOK},
		{http.MethodHead, "/ui/", "text/html; charset=utf-8", http.StatusOK},
		{http.MethodGet, "/ui/app.js", "text/javascript; charset=utf-8", http.StatusOK},
		{http.MethodGet, "/ui/icon.svg", "image/svg+xml", http.StatusOK},
		{http.MethodGet, "/ui/index.html", "text/plain; charset=utf-8", http.StatusNotFound},
		{http.MethodGet, "/ui/api/nothing", "text/plain; charset=utf-8", http.StatusNotFound},
		{http.MethodPost, "/ui/", "text/plain; charset=utf-8", http.StatusMethodNotAllowed},
	} {
		res, _ := request(t, test.method, test.path)
		require.Equal(t, test.status, res.StatusCode, test.path)
		require.Equal(t, test.contentType, res.Header.Get("Content-Type"), test.path)
		require.Contains(t, res.Header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'")
		require.NotContains(t, res.Header.Get("Content-Security-Policy"), "unsafe")
	}
}

// The policy forbids inline script and style, and browsers drop them without a word: so the page must have none.
func TestPageKeepsItsOwnPolicy(t *testing.T) {
	_, page := request(t, http.MethodGet, "/ui/")
	require.NotRegexp(t, `(?i)\s(style|on[a-z]+)=`, page)
	require.NotRegexp(t, `(?i)<style|<script(?:\s+type="module")?>`, page)
	require.NotRegexp(t, `(?i)(?:src|href)="(?:https?:)?//`, page, "nothing may come from another origin")
	require.NotRegexp(t, `(?:src|href)="/`, page, "addresses are relative, so that the page works below any path")
}

var reference = regexp.MustCompile(`(?:src|href)="([^"#]+)"|from '\./([^']+)'`)

func TestEveryReferencedFileExistsAndEveryFileIsReferenced(t *testing.T) {
	queue, seen := []string{""}, map[string]bool{}
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		if seen[name] {
			continue
		}
		seen[name] = true
		res, body := request(t, http.MethodGet, "/ui/"+name)
		require.Equal(t, http.StatusOK, res.StatusCode, name)
		for _, match := range reference.FindAllStringSubmatch(body, -1) {
			queue = append(queue, match[1]+match[2])
		}
	}
	files, err := os.ReadDir("assets")
	require.NoError(t, err)
	for _, file := range files {
		require.True(t, seen[file.Name()] || file.Name() == "index.html", "%s is used by nothing", file.Name())
		if strings.HasSuffix(file.Name(), ".js") {
			_, script := request(t, http.MethodGet, "/ui/"+file.Name())
			for _, sink := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"} {
				require.NotContains(t, script, sink, file.Name())
			}
		}
	}
}
