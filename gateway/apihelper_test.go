package gateway_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/httpapi/apitest"
	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/hub"
)

// The keys of the tests' API.
const (
	shopKey    = "c2hvcCBrZXkgb2YgdGhlIHRlc3RzIDAwMDAwMDAw"
	billingKey = "YmlsbGluZyBrZXkgb2YgdGhlIHRlc3RzIDAwMDAw"
)

// withAPI gives a gateway the keys of the API.
func withAPI(t *testing.T) func(*gateway.Config, *gateway.Options) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(path, []byte("# test\nshop "+shopKey+"\nbilling "+billingKey+"\n"), 0o600))
	return func(cfg *gateway.Config, _ *gateway.Options) { cfg.APIKeysFiles = []string{path} }
}

// freePort is an address for a mesh.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// serveCluster starts gateways with the API and a real mesh, gw-0 and so on, and waits until they see each other.
func serveCluster(t *testing.T, n int, edit func(*gateway.Config, *gateway.Options)) []*server {
	t.Helper()
	key, api := keyring.NewKey(), withAPI(t)
	addrs, servers := make([]string, n), make([]*server, n)
	for i := range n {
		addrs[i] = freePort(t)
	}
	for i := range n {
		servers[i] = serve(t, func(cfg *gateway.Config, opts *gateway.Options) {
			api(cfg, opts)
			cfg.NodeName = fmt.Sprintf("gw-%d", i)
			cfg.MeshListen, cfg.Join = addrs[i], addrs
			cfg.Deregister = 0
			opts.Boot = hub.Boot(rand.Uint64() | 1)
			keys, err := keyring.New(keyring.Identity{Cluster: cfg.Cluster, Boot: opts.Boot}, []keyring.Key{key})
			require.NoError(t, err)
			opts.Keys, opts.NewCluster = keys, gateway.NewMesh
			if edit != nil {
				edit(cfg, opts)
			}
		})
	}
	for _, s := range servers {
		eventually(t, func() bool {
			live := 0
			for _, p := range s.Status().Peers {
				if p.LinkedIn && p.LinkedOut && p.InStep {
					live++
				}
			}
			ready, _ := s.Ready()
			return ready && live == n-1
		}, "gateways see each other")
	}
	return servers
}

// An answer is what the API answered.
type answer struct {
	t      *testing.T
	Status int
	Header http.Header
	Body   []byte
}

// api makes a request with the shop's key. A body is JSON; headers are names and values in turn.
func (s *server) api(method, path, body string, headers ...string) answer {
	s.t.Helper()
	headers = append([]string{"Authorization", "Bearer " + shopKey}, headers...)
	if body != "" {
		headers = append([]string{"Content-Type", "application/json"}, headers...)
	}
	return s.request(method, path, body, headers...)
}

// request makes a request as it is.
func (s *server) request(method, path, body string, headers ...string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.client.URL+path, strings.NewReader(body))
	require.NoError(s.t, err)
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	response, err := s.client.Client().Do(r)
	require.NoError(s.t, err)
	defer func() { _ = response.Body.Close() }()
	got, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	a := answer{t: s.t, Status: response.StatusCode, Header: response.Header, Body: bytes.TrimSpace(got)}
	require.NoError(s.t, apitest.Check(r, []byte(body), a.Status, a.Header, a.Body), "%s %s: %s", method, path, a.Body)
	return a
}

// ok decodes a good answer.
func (a answer) ok(into any) {
	a.t.Helper()
	require.Equal(a.t, http.StatusOK, a.Status, "%s", a.Body)
	require.Equal(a.t, "application/json", a.Header.Get("Content-Type"))
	require.NoError(a.t, json.Unmarshal(a.Body, into))
}

// A problem is an error of the API.
type problem struct {
	Type, Title, Detail, Code, Pointer, Parameter string
	Status                                        int
	RetryAfterMs                                  int64
}

// problem decodes an error.
func (a answer) problem(status int, code string) problem {
	a.t.Helper()
	require.Equal(a.t, status, a.Status, "%s", a.Body)
	require.Equal(a.t, "application/problem+json", a.Header.Get("Content-Type"))
	var p problem
	require.NoError(a.t, json.Unmarshal(a.Body, &p))
	require.Equal(a.t, code, p.Code, "%s", a.Body)
	require.Equal(a.t, status, p.Status)
	require.True(a.t, strings.HasSuffix(p.Type, "#"+code), p.Type)
	require.NotEmpty(a.t, p.Title)
	require.NotContains(a.t, string(a.Body), shopKey)
	return p
}

// awaitMember waits until a gateway sees members in a channel.
func (s *server) awaitMembers(channel string, n int) {
	s.t.Helper()
	eventually(s.t, func() bool { return s.Hub().MemberCount(channel) == n }, "members in "+channel)
}

// quiet says that nothing came for a member: what is published afterwards comes first.
func quiet(p *peer) { p.t.Helper(); p.settle() }
