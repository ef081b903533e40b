package auth

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func from(host string, origins ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/ws", http.NoBody)
	r.Host = host
	if len(origins) > 0 {
		r.Header["Origin"] = origins
	}
	return r
}

func TestOrigins(t *testing.T) {
	list := []string{"https://app.example.com", "https://*.wild.example", "http://dev.example:3000", "https://*.deep.example:8443", "https://[2001:db8::1]"}
	for _, tt := range []struct {
		name    string
		allowed []string
		host    string
		origins []string
		taken   bool
	}{
		{"no browser", nil, "h", nil, true},
		{"own host", nil, "chat.example.com", []string{"https://chat.example.com"}, true},
		{"own host, whatever the scheme", nil, "chat.example.com", []string{"http://chat.example.com"}, true},
		{"own host in other letters", nil, "Chat.Example.com", []string{"HTTPS://chat.example.COM"}, true},
		{"own host and port", nil, "localhost:8080", []string{"http://localhost:8080"}, true},
		{"own host, the scheme's port written here", nil, "chat.example.com", []string{"https://chat.example.com:443"}, true},
		{"own host, the scheme's port written there", nil, "chat.example.com:443", []string{"https://chat.example.com"}, true},
		{"own address", nil, "[::1]:8080", []string{"http://[::1]:8080"}, true},
		{"own address without a port", nil, "[::1]", []string{"http://[::1]"}, true},
		{"another port", nil, "localhost:8080", []string{"http://localhost:8081"}, false},
		{"the other scheme's port", nil, "chat.example.com:80", []string{"https://chat.example.com"}, false},
		{"no port against one", nil, "localhost:8080", []string{"http://localhost"}, false},
		{"another host", nil, "chat.example.com", []string{"https://evil.example"}, false},
		{"own host as a prefix", nil, "chat.example.com", []string{"https://chat.example.com.evil.example"}, false},
		{"own host as a suffix", nil, "example.com", []string{"https://evilexample.com"}, false},
		{"a subdomain of the own host", nil, "example.com", []string{"https://evil.example.com"}, false},
		{"own host as a user", nil, "chat.example.com", []string{"https://chat.example.com@evil.example"}, false},
		{"no Host header", nil, "", []string{"https://evil.example"}, false},

		{"listed", list, "h", []string{"https://app.example.com"}, true},
		{"listed, in other letters", list, "h", []string{"HTTPS://APP.example.com:443"}, true},
		{"listed with a port", list, "h", []string{"http://dev.example:3000"}, true},
		{"listed address", list, "h", []string{"https://[2001:db8::1]"}, true},
		{"listed with another scheme", list, "h", []string{"http://app.example.com"}, false},
		{"listed with another port", list, "h", []string{"https://app.example.com:8443"}, false},
		{"below what is listed", list, "h", []string{"https://evil.app.example.com"}, false},
		{"wildcard", list, "h", []string{"https://a.wild.example"}, true},
		{"wildcard, deeper", list, "h", []string{"https://a.b.wild.example"}, true},
		{"wildcard with a port", list, "h", []string{"https://a.deep.example:8443"}, true},
		{"the wildcard's parent", list, "h", []string{"https://wild.example"}, false},
		{"an empty subdomain", list, "h", []string{"https://.wild.example.evil.example"}, false},
		{"wildcard without the dot", list, "h", []string{"https://evilwild.example"}, false},
		{"wildcard with another scheme", list, "h", []string{"http://a.wild.example"}, false},
		{"wildcard with another port", list, "h", []string{"https://a.wild.example:8443"}, false},
		{"a star from a page", list, "h", []string{"https://*.wild.example"}, false},

		{"opaque", list, "h", []string{"null"}, false},
		{"opaque, own host called null", nil, "null", []string{"null"}, false},
		{"empty", list, "h", []string{""}, false},
		{"two", list, "h", []string{"https://app.example.com", "https://app.example.com"}, false},
		{"two in one", list, "h", []string{"https://app.example.com https://dev.example"}, false},
		{"with a path", list, "h", []string{"https://app.example.com/"}, false},
		{"with a query", list, "h", []string{"https://app.example.com?"}, false},
		{"with a fragment", list, "h", []string{"https://app.example.com#"}, false},
		{"with a backslash", list, "h", []string{`https://app.example.com\@evil.example`}, false},
		{"without a scheme", list, "h", []string{"app.example.com"}, false},
		{"without a scheme but slashes", nil, "h", []string{"//h"}, false},
		{"another scheme", nil, "h", []string{"file://h"}, false},
		{"an extension's scheme", nil, "h", []string{"chrome-extension://h"}, false},
		{"opaque URL", nil, "h", []string{"https:h"}, false},
		{"without a host", nil, "", []string{"https://"}, false},
		{"an empty port", nil, "h:", []string{"http://h:"}, false},
		{"a port in letters", nil, "h:x", []string{"http://h:x"}, false},
		{"a trailing dot is another name", nil, "h.example", []string{"https://h.example."}, false},
		{"a line end", list, "h", []string{"https://app.example.com\n"}, false},
		{"other scripts", nil, "пример", []string{"https://пример"}, false},

		{"any", []string{"*"}, "h", []string{"https://evil.example"}, true},
		{"any, even opaque", []string{"*"}, "h", []string{"null"}, true},
		{"any, but malformed", []string{"*"}, "h", []string{"https://evil.example/path"}, false},
		{"any, but empty", []string{"*"}, "h", []string{""}, false},
		{"any, but two", []string{"*"}, "h", []string{"https://a.example", "https://b.example"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := NewOriginPolicy(tt.allowed)
			require.NoError(t, err)
			err = p.Check(from(tt.host, tt.origins...))
			if tt.taken {
				require.NoError(t, err)
				return
			}
			refusal := refused(t, err)
			require.Equal(t, http.StatusForbidden, refusal.Status)
			require.Equal(t, "forbidden", refusal.Code)
			require.NotEmpty(t, refusal.Message)
		})
	}
}

func TestWrongAllowedOriginsAreNamed(t *testing.T) {
	for _, entry := range []string{
		"", "app.example.com", "https://", "https://app.example.com/", "https://app.example.com/path", "ftp://app.example.com",
		"https://*", "https://*.", "*.example.com", "https://a.*.example.com", "https://*.*.example.com", "https://app.*",
		"https://user@app.example.com", "https://app.example.com:", "https://app.example.com:x", "https://app.example.com?",
		"https://app.example.com#", "null", "**", "https://пример", "https://a b", "https://a,b", "https:app.example.com",
	} {
		t.Run(entry, func(t *testing.T) {
			_, err := NewOriginPolicy([]string{"https://good.example", entry})
			require.ErrorContains(t, err, `allowed origin "`+entry+`"`)
			require.ErrorContains(t, err, "https://app.example.com", "it says what would be right")
		})
	}
	_, err := NewOriginPolicy(make([]string, 1001))
	require.ErrorContains(t, err, "1001 allowed origins are too many: at most 1000 are right")
}

// Whatever is parsed is an origin that means the same when it is written in full, and that no other policy lets in.
func FuzzOrigin(f *testing.F) {
	for _, s := range []string{
		"https://app.example.com", "http://localhost:8080", "https://[::1]:443", "null", "", "https://a@b", "https://*.example.com",
		"HTTPS://A.B", "https://a.b/", `https://a\b`, "https://a:", "https://%41", "https://[fe80::1%25eth0]",
	} {
		f.Add(s)
	}
	strict, err := NewOriginPolicy([]string{"https://only.example"})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, s string) {
		o, err := parseOrigin(s)
		if err != nil {
			require.Error(t, strict.Check(from("h", s)))
			return
		}
		require.False(t, strings.ContainsAny(o.host, "*/\\@?# "), "%q", s)
		host := o.host
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		again, err := parseOrigin(o.scheme + "://" + host + ":" + o.port)
		require.NoError(t, err)
		require.Equal(t, o, again)
		if o != (origin{"https", "only.example", "443"}) {
			require.Error(t, strict.Check(from("h.example", s)))
		}
		require.NoError(t, strict.Check(from(host+":"+o.port, s)), "its own host")
	})
}
