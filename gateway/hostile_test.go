package gateway_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/httpapi/apitest"
)

// raw sends a request as it is, which clients' libraries would repair, and returns the answer.
func (s *server) raw(text string) *http.Response {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.client.URL, "http://"))
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close() })
	require.NoError(s.t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = conn.Write([]byte(text))
	require.NoError(s.t, err)
	method, _, _ := strings.Cut(text, " ")
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	require.NoError(s.t, err)
	return response
}

// A backend that puts a name into a path and forgets to encode it gets an error, not another operation by way of a redirect.
func TestAPIPathsAreTakenAsTheyAre(t *testing.T) {
	s := serve(t, withAPI(t))
	ann := s.member("ann")
	ann.join("r")
	const body = `{"messages":[{"channel":"r","type":"m"}]}`
	for _, path := range []string{
		"/v1", "/v1/", "/v1//channels", "/v1/channels//publish", "/v1/channels/../publish", "/v1/./publish", "/v1/channels/./members",
		"/v1/publish/", "/v1/members/../../v1/publish", "/v1/events/", "/v1/events/../channels",
	} {
		for _, method := range []string{"GET", "POST", "DELETE", "OPTIONS", "FOO"} {
			answer := s.raw(fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
				method, path, shopKey, len(body), body))
			require.Equal(t, http.StatusNotFound, answer.StatusCode, "%s %s", method, path)
			require.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"), path)
			var p problem
			require.NoError(t, json.NewDecoder(answer.Body).Decode(&p))
			require.Equal(t, "not_found", p.Code)
		}
	}
	quiet(ann)
	// Encoded they are names like others.
	var got published
	s.api("POST", "/v1/channels/%2E%2E/publish", `{"type":"m"}`).ok(&got)
	require.Equal(t, "..", got.Channel)
	s.api("POST", "/v1/channels/a%2F..%2Fb/publish", `{"type":"m"}`).ok(&got)
	require.Equal(t, "a/../b", got.Channel)
	s.api("GET", "/v1/channels/%ff%fe", "").problem(400, "bad_request")
}

// A method that a path does not have is answered with a problem that lists those it has.
func TestAPIMethodsThatAreNot(t *testing.T) {
	s := serve(t, withAPI(t))
	documented, err := apitest.Operations()
	require.NoError(t, err)
	has := map[string][]string{"/v1/events": {"OPTIONS"}}
	for route := range documented {
		method, path, _ := strings.Cut(route, " ")
		has[path] = append(has[path], method)
		if method == "GET" && path != "/v1/events" {
			has[path] = append(has[path], "HEAD")
		}
	}
	for path, methods := range has {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"} {
			if slices.Contains(methods, method) {
				continue
			}
			answer := s.raw(fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, strings.NewReplacer("{", "", "}", "").Replace(path)))
			require.Equal(t, http.StatusMethodNotAllowed, answer.StatusCode, "%s %s", method, path)
			require.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"))
			require.ElementsMatch(t, methods, strings.Split(strings.Join(answer.Header.Values("Allow"), ", "), ", "))
			if method != "HEAD" {
				var p problem
				require.NoError(t, json.NewDecoder(answer.Body).Decode(&p))
				require.Equal(t, http.StatusMethodNotAllowed, p.Status)
			}
		}
	}
}

func TestAPIBodiesAreTakenAsTheyAre(t *testing.T) {
	s := serve(t, withAPI(t))
	const publish, event = "/v1/channels/r/publish", `{"type":"x"}`
	for _, header := range [][2]string{
		{"Content-Encoding", "gzip"},
		{"Content-Encoding", "identity, gzip"},
		{"Content-Type", "application/json; charset=utf-16"},
		{"Content-Type", "application/json, text/plain"},
		{"Content-Type", "application/jsonp"},
		{"Content-Type", ""},
	} {
		s.api("POST", publish, event, header[0], header[1]).problem(415, "unsupported_media_type")
	}
	s.api("POST", publish, event, "Content-Encoding", "identity", "Content-Type", "application/json; charset=UTF-8").ok(new(published))
	for _, c := range []struct{ path, body, pointer, detail string }{
		{publish, `{"TYPE":"x"}`, "", `unknown field "TYPE"`},
		{publish, `{"type":"x","Payload":1}`, "", `unknown field "Payload"`},
		{publish, `{"type":"x","type":"y"}`, "/type", "given twice"},
		{publish, `{"":"x"}`, "", "unknown field"},
		{"/v1/publish", `{"messages":[{"channel":"r","type":"x"},{"channel":"r","type":"x","Type":"y"}]}`, "/messages/1", `unknown field "Type"`},
		{"/v1/publish", `{"messages":[{"channel":"r","channel":"s","type":"x"}]}`, "/messages/0/channel", "given twice"},
		{"/v1/publish", `{"messages":[],"messages":[{"channel":"s","type":"x"}]}`, "/messages", "given twice"},
		{"/v1/publish", `{"messages":{"0":{"channel":"s","type":"x"}}}`, "/messages", "object stands where a list is right"},
		{publish, `{"type":"x","payload":` + strings.Repeat("[", 30_000) + strings.Repeat("]", 30_000) + `}`, "", "max depth"},
	} {
		p := s.api("POST", c.path, c.body).problem(400, "bad_request")
		require.Contains(t, p.Detail, c.detail, "%.80s", c.body)
		require.Equal(t, c.pointer, p.Pointer, "%.80s", c.body)
	}
	// A payload may have what names it likes.
	ann := s.member("ann")
	ann.join("r")
	s.api("POST", publish, `{"type":"x","payload":{"a":1,"A":2,"a":3}}`).ok(new(published))
	require.Equal(t, `{"a":1,"A":2,"a":3}`, string(ann.expect("x").Payload))
	s.api("GET", "/v1/channels?prefix=a&%zz=1", "").problem(400, "bad_request")
	s.api("GET", "/v1/channels?prefix=a;limit=1", "").problem(400, "bad_request")
}

// Of several keys nobody can say which one the proxy in front has looked at.
func TestSeveralKeysAreNone(t *testing.T) {
	s := serve(t, func(c *gateway.Config, o *gateway.Options) {
		withAPI(t)(c, o)
		c.UIActions = true
	})
	for _, url := range []string{s.client.URL + "/v1/channels", s.admin.URL + "/ui/api/overview"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		require.NoError(t, err)
		r.Header["Authorization"] = []string{"Bearer " + shopKey, "Bearer " + billingKey}
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusUnauthorized, response.StatusCode)
	}
}

// No page elsewhere may read what the API says, or call it with a key.
func TestAPIIsForNoOtherOrigin(t *testing.T) {
	s := serve(t, func(c *gateway.Config, o *gateway.Options) {
		withAPI(t)(c, o)
		c.AllowedOrigins = []string{"*"}
	})
	for _, path := range []string{"/v1/channels", "/v1/openapi.json", "/v1/members/ann", "/v1/none"} {
		for _, method := range []string{"GET", "OPTIONS"} {
			a := s.api(method, path, "", "Origin", "https://evil.example", "Access-Control-Request-Method", "GET")
			for name := range a.Header {
				require.False(t, strings.HasPrefix(name, "Access-Control-"), "%s %s: %s", method, path, name)
			}
		}
	}
}
