package gateway

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func trusting(t testing.TB, list ...string) proxies {
	t.Helper()
	p, err := parseProxies(list)
	require.NoError(t, err)
	return p
}

func from(peer string, forwarded ...string) *http.Request {
	return &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": forwarded}}
}

func TestClientAddress(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.7:1234":           "192.0.2.7",
		"[::ffff:192.0.2.7]:1":     "192.0.2.7",
		"[2001:db8:1:2:3:4:5:6]:1": "2001:db8:1:2::",
		"[fe80::1%eth0]:1":         "fe80::",
		"nonsense":                 "invalid IP",
		"nonsense:80":              "invalid IP",
	} {
		require.Equal(t, want, proxies(nil).client(from(remote, "198.51.100.9")).String(), remote)
	}
}

func TestForwardedAddress(t *testing.T) {
	p := trusting(t, "10.0.0.0/8", "192.0.2.1", "fd00::/8", "::ffff:172.16.0.0/108")
	for _, tc := range []struct {
		peer      string
		forwarded []string
		want      string
	}{
		{"10.1.2.3:1", []string{"198.51.100.9"}, "198.51.100.9"},
		{"[::ffff:10.1.2.3]:1", []string{"198.51.100.9"}, "198.51.100.9"},
		{"172.16.5.5:1", []string{"198.51.100.9"}, "198.51.100.9"},
		{"[fd00::1]:1", []string{"2001:db8:1:2:3:4:5:6"}, "2001:db8:1:2::"},
		{"10.1.2.3:1", nil, "10.1.2.3"},
		{"10.1.2.3:1", []string{""}, "10.1.2.3"},
		// What the client itself sent is before what the proxies added, and is not believed.
		{"10.1.2.3:1", []string{"203.0.113.1, 198.51.100.9"}, "198.51.100.9"},
		{"10.1.2.3:1", []string{"203.0.113.1", "198.51.100.9, 192.0.2.1"}, "198.51.100.9"},
		{"10.1.2.3:1", []string{"10.9.9.9, 198.51.100.9 ,10.4.4.4"}, "198.51.100.9"},
		{"198.51.100.9:1", []string{"203.0.113.1"}, "198.51.100.9"},
		// A chain of nothing but proxies came from the first of them.
		{"10.1.2.3:1", []string{"10.4.4.4, 10.5.5.5"}, "10.4.4.4"},
		// As some proxies write it.
		{"10.1.2.3:1", []string{"198.51.100.9:4711"}, "198.51.100.9"},
		{"10.1.2.3:1", []string{"[2001:db8:1:2::3]:4711"}, "2001:db8:1:2::"},
		{"10.1.2.3:1", []string{"[2001:db8:1:2::3]"}, "2001:db8:1:2::"},
		{"10.1.2.3:1", []string{"::ffff:198.51.100.9"}, "198.51.100.9"},
		// Rubbish counts for the proxy that passed it on.
		{"10.1.2.3:1", []string{"198.51.100.9, unknown"}, "10.1.2.3"},
		{"10.1.2.3:1", []string{"198.51.100.9, unknown, 10.4.4.4"}, "10.4.4.4"},
		{"10.1.2.3:1", []string{"[::1"}, "10.1.2.3"},
		{"10.1.2.3:1", []string{"[::1]x"}, "10.1.2.3"},
		{"10.1.2.3:1", []string{","}, "10.1.2.3"},
	} {
		require.Equal(t, tc.want, p.client(from(tc.peer, tc.forwarded...)).String(), "%+v", tc)
	}
}

func TestTrustedProxiesAreChecked(t *testing.T) {
	for _, text := range []string{"", "proxy.example.com", "10.0.0.0/33", "fe80::1%eth0", "::ffff:0:0/90"} {
		_, err := parseProxies([]string{text})
		require.ErrorContains(t, err, "--trusted-proxies has")
	}
	require.True(t, trusting(t, "10.1.2.3/8").trust(netip.MustParseAddr("10.200.0.1")), "bits of the host do not matter")
}

// Whatever a client writes into the header, what the trusted proxy adds behind it decides.
func FuzzForwardedFor(f *testing.F) {
	for _, seed := range []string{"", "10.0.0.1", "203.0.113.1, 10.0.0.1", "[::1]:80,", "unknown", "a,b,,c", " 1.2.3.4 ", "10.0.0.1%eth0", "::ffff:10.0.0.1"} {
		f.Add(seed, "198.51.100.9")
	}
	p := trusting(f, "10.0.0.0/8", "fd00::/8")
	f.Fuzz(func(t *testing.T, sent, added string) {
		alone := p.client(from("10.1.2.3:1", added))
		addr, ok := parseForwarded(strings.TrimSpace(added))
		if !ok || strings.Contains(added, ",") || p.trust(addr) {
			return
		}
		require.Equal(t, countedAs(addr), alone)
		require.Equal(t, alone, p.client(from("10.1.2.3:1", sent+","+added)))
		require.Equal(t, alone, p.client(from("10.1.2.3:1", sent, added)))
		require.Equal(t, alone, p.client(from("10.1.2.3:1", sent, added+", 10.7.7.7")))
	})
}
