package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the page does is tried by `go run ./examples/cursors -check`, which needs Node.
func TestThePageAndItsScriptsAreServed(t *testing.T) {
	visited := errors.New("visited")
	err := run(t.Context(), io.Discard, "127.0.0.1:0", func(ctx context.Context, _ io.Writer, url string) error {
		for path, content := range map[string]string{
			"/": "page.js", "/page.js": "shareCursors", "/cursors.js": "export function shareCursors", "/demo/starling.js": "Starling",
		} {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+path, nil)
			require.NoError(t, err)
			res, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			body, err := io.ReadAll(res.Body)
			require.NoError(t, errors.Join(err, res.Body.Close()))
			require.Equal(t, http.StatusOK, res.StatusCode, path)
			require.Contains(t, string(body), content, path)
		}
		return visited
	})
	require.ErrorIs(t, err, visited)
}
