package auth

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// opaqueOrigin is what pages without an origin of their own send, such as sandboxed frames and local files.
const opaqueOrigin = "null"

// maxOrigins bounds the list of allowed origins.
const maxOrigins = 1000

// An OriginPolicy decides which pages may open connections. It is safe for concurrent use.
type OriginPolicy struct {
	any   bool
	exact map[origin]struct{}
	// below are origins whose subdomains are allowed, at any depth.
	below []origin
}

// An origin is a page's scheme, host and port, in lower case and with the scheme's own port spelled out.
type origin struct{ scheme, host, port string }

// NewOriginPolicy returns a policy that allows, besides the gateway's own origin, those listed: exact origins such as
// "https://app.example.com", all subdomains as "https://*.example.com", and "*" for any. The error names the wrong entry.
func NewOriginPolicy(allowed []string) (*OriginPolicy, error) {
	if len(allowed) > maxOrigins {
		return nil, fmt.Errorf("%d allowed origins are too many: at most %d are right", len(allowed), maxOrigins)
	}
	p := &OriginPolicy{exact: make(map[origin]struct{})}
	for _, entry := range allowed {
		if entry == "*" {
			p.any = true
			continue
		}
		if err := p.allow(entry); err != nil {
			return nil, fmt.Errorf("allowed origin %q: %w: \"https://app.example.com\", \"https://*.example.com\" and \"*\" are right", entry, err)
		}
	}
	return p, nil
}

func (p *OriginPolicy) allow(entry string) error {
	scheme, rest, found := strings.Cut(entry, "://")
	rest, wildcard := strings.CutPrefix(rest, "*.")
	if !found || strings.Contains(rest, "*") {
		return errNoOrigin
	}
	o, err := parseOrigin(scheme + "://" + rest)
	if err != nil {
		return err
	}
	if wildcard {
		p.below = append(p.below, o)
	} else {
		p.exact[o] = struct{}{}
	}
	return nil
}

var errNoOrigin = errors.New("not a scheme, a host and a port only")

// parseOrigin reads an Origin header's value, strictly: a URL of http or https with a host, and nothing after it.
func parseOrigin(s string) (origin, error) {
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" ||
		strings.ContainsAny(s, "#\\") {
		return origin{}, errNoOrigin
	}
	scheme := strings.ToLower(u.Scheme)
	standard, ok := map[string]string{"http": "80", "https": "443"}[scheme]
	if !ok || u.Hostname() == "" || strings.ContainsFunc(u.Hostname(), neverInHost) {
		return origin{}, errNoOrigin
	}
	port := u.Port()
	if port == "" {
		if strings.HasSuffix(u.Host, ":") {
			return origin{}, errNoOrigin
		}
		port = standard
	}
	return origin{scheme, strings.ToLower(u.Hostname()), port}, nil
}

// neverInHost reports what browsers never write into an origin's host: names in other scripts are sent as "xn--…".
func neverInHost(c rune) bool {
	letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
	return !letter && !strings.ContainsRune("-._:", c)
}

// Check returns nil when the request has no Origin header, comes from a page of the same host and port as r.Host, or from a
// listed origin; otherwise an *[Error] with status 403.
func (p *OriginPolicy) Check(r *http.Request) error {
	values := r.Header.Values("Origin")
	if len(values) == 0 {
		return nil
	}
	if len(values) > 1 {
		return forbidden("the request has %d Origin headers: one is right", len(values))
	}
	if p.any && values[0] == opaqueOrigin {
		return nil
	}
	o, err := parseOrigin(values[0])
	if err != nil {
		return forbidden("the Origin header is malformed or opaque: a page of an allowed origin may connect")
	}
	if !p.any && !o.isHost(r.Host) && !p.lists(o) {
		return forbidden("pages of origin %q may not connect: it is not this host, and not in --allowed-origins", values[0])
	}
	return nil
}

func (p *OriginPolicy) lists(o origin) bool {
	if _, ok := p.exact[o]; ok {
		return true
	}
	for _, b := range p.below {
		if b.scheme == o.scheme && b.port == o.port && strings.HasSuffix(o.host, "."+b.host) {
			return true
		}
	}
	return false
}

// isHost compares the origin with a Host header. Behind a proxy that ends TLS the gateway cannot know the scheme, so a host
// without a port is the standard port of the origin's own.
func (o origin) isHost(hostport string) bool {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		host, port = strings.Trim(hostport, "[]"), map[string]string{"http": "80", "https": "443"}[o.scheme]
	}
	return strings.EqualFold(host, o.host) && port == o.port
}
