package gateway_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/overview"
)

// change asks for a change as the dashboard does.
func change(t *testing.T, s *server, path, body string, header map[string]string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.admin.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

func TestDashboardDrainsAndDisconnects(t *testing.T) {
	_, use := newCluster()
	s := serve(t, func(c *gateway.Config, o *gateway.Options) {
		use(c, o)
		c.UIActions, c.Deregister, c.DrainWindow = true, 0, time.Hour
	}).ready()
	ann := s.member("ann")
	before := view[overview.Overview](t, s, "/ui/api/overview")
	require.True(t, before.Actions)
	boot := `{"boot": "` + before.Gateways[0].Boot + `"`

	code, body := change(t, s, "/ui/api/drain", boot+`}`, nil)
	require.Equal(t, http.StatusOK, code, body)
	ann.expect("reconnect")
	require.Equal(t, "asked for on the dashboard", s.DrainStatus().Reason)
	require.NotNil(t, s.DrainStatus().LeaseUntil, "it ends by itself")
	code, body = change(t, s, "/ui/api/drain", boot+`, "cancel": true}`, nil)
	require.Equal(t, http.StatusOK, code, body)
	require.Equal(t, gateway.PhaseServing, s.DrainStatus().Phase)

	code, body = change(t, s, "/ui/api/disconnect", `{"member": "ann"}`, nil)
	require.Equal(t, http.StatusOK, code, body)
	ann.expectClose(1008)

	for _, wrong := range []string{``, `{`, `{"boot": ""}`, boot + `} {}`} {
		code, _ = change(t, s, "/ui/api/drain", wrong, nil)
		require.Equal(t, http.StatusBadRequest, code, wrong)
		code, _ = change(t, s, "/ui/api/disconnect", wrong, nil)
		require.Equal(t, http.StatusBadRequest, code, wrong)
	}
	code, body = change(t, s, "/ui/api/drain", `{"boot": "another"}`, nil)
	require.Equal(t, http.StatusNotFound, code)
	require.Contains(t, body, "no gateway of this cluster has boot another")
	for _, header := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}} {
		code, body = change(t, s, "/ui/api/drain", boot+`}`, header)
		require.Equal(t, http.StatusForbidden, code)
		require.Contains(t, body, "another origin")
	}
	require.Equal(t, gateway.PhaseServing, s.DrainStatus().Phase)
}

func TestDashboardChangesNothingUnlessAllowed(t *testing.T) {
	s := serve(t, nil)
	for _, path := range []string{"/ui/api/drain", "/ui/api/disconnect"} {
		code, body := change(t, s, path, `{}`, nil)
		require.Equal(t, http.StatusForbidden, code)
		require.Contains(t, body, "--ui-actions")
	}
}

func TestDashboardWithKeysWantsOne(t *testing.T) {
	s := serve(t, func(c *gateway.Config, o *gateway.Options) {
		withAPI(t)(c, o)
		c.UIActions = true
	})
	for _, path := range []string{"/ui/api/overview", "/ui/api/channels", "/ui/api/channel?name=r"} {
		for header, want := range map[string]int{
			"": 401, "Bearer wrong": 401, "Bearer ": 401, "Basic " + shopKey: 401, "Bearer " + shopKey: 200, "bearer " + billingKey: 200,
		} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.admin.URL+path, nil)
			require.NoError(t, err)
			r.Header.Set("Authorization", header)
			r.Host, r.Header["X-Forwarded-For"] = "gateways.example", []string{"10.0.0.1"}
			response, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			var problem struct{ Detail string }
			require.NoError(t, json.NewDecoder(response.Body).Decode(&problem))
			require.NoError(t, response.Body.Close())
			require.Equal(t, want, response.StatusCode, "%s with %q", path, header)
			require.NotContains(t, problem.Detail, "wrong")
		}
	}
	code, _ := change(t, s, "/ui/api/disconnect", `{"member": "ann"}`, nil)
	require.Equal(t, http.StatusUnauthorized, code)
	code, _ = s.get("/ui/")
	require.Equal(t, http.StatusOK, code, "the page itself has nothing to hide")
}
