package gateway_test

import (
	"io"
	"net/http"
	"strings"

	"github.com/stretchr/testify/require"
)

// get asks the admin port.
func (s *server) get(path string) (status int, body string) {
	s.t.Helper()
	response, err := http.Get(s.admin.URL + path)
	require.NoError(s.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return response.StatusCode, string(text)
}

// metric waits until /metrics has a line.
func (s *server) metric(line string) {
	s.t.Helper()
	eventually(s.t, func() bool {
		_, text := s.get("/metrics")
		return strings.Contains(text, "\n"+line+"\n")
	}, line)
}
