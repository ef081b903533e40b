package gateway

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// proxies are the networks of those who are believed about whom they forward for.
type proxies []netip.Prefix

// parseProxies reads networks, or single addresses.
func parseProxies(list []string) (proxies, error) {
	var trusted proxies
	for _, text := range list {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			addr, err := netip.ParseAddr(text)
			if err != nil || addr.Zone() != "" {
				return nil, fmt.Errorf("--trusted-proxies has %.60q, want a network such as 10.0.0.0/8 or an address such as 10.1.2.3", text)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		if addr := prefix.Addr(); addr.Is4In6() {
			if prefix.Bits() < 96 {
				return nil, fmt.Errorf("--trusted-proxies has %.60q: write networks of IPv4 as IPv4", text)
			}
			prefix = netip.PrefixFrom(addr.Unmap(), prefix.Bits()-96)
		}
		trusted = append(trusted, prefix.Masked())
	}
	return trusted, nil
}

func (p proxies) trust(addr netip.Addr) bool {
	return slices.ContainsFunc(p, func(prefix netip.Prefix) bool { return prefix.Contains(addr) })
}

// client is the address that a request is counted for, see [countedAs]: that of the TCP peer, or, when that is a trusted proxy, of
// whom it forwards for.
func (p proxies) client(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	addr = plain(addr)
	if p.trust(addr) {
		addr = p.forwardedFor(r.Header.Values("X-Forwarded-For"), addr)
	}
	return countedAs(addr)
}

// forwardedFor walks the header from its end, where the nearest proxy has added whom it forwards for, up to the first address that
// is no proxy of ours: everything before that is whatever the client chose to send. What is no address ends the walk at the proxy
// that wrote it.
func (p proxies) forwardedFor(lines []string, nearest netip.Addr) netip.Addr {
	for _, line := range slices.Backward(lines) {
		for more := true; more; {
			var entry string
			if i := strings.LastIndexByte(line, ','); i >= 0 {
				line, entry = line[:i], line[i+1:]
			} else {
				entry, more = line, false
			}
			addr, ok := parseForwarded(strings.TrimSpace(entry))
			if !ok {
				return nearest
			}
			if nearest = addr; !p.trust(addr) {
				return addr
			}
		}
	}
	return nearest
}

// parseForwarded reads an address as proxies write it: plain, in brackets, and perhaps with a port.
func parseForwarded(entry string) (netip.Addr, bool) {
	if inner, ok := strings.CutPrefix(entry, "["); ok {
		inner, rest, closed := strings.Cut(inner, "]")
		if !closed || rest != "" && !strings.HasPrefix(rest, ":") {
			return netip.Addr{}, false
		}
		entry = inner
	} else if host, _, err := net.SplitHostPort(entry); err == nil {
		entry = host
	}
	addr, err := netip.ParseAddr(entry)
	return plain(addr), err == nil
}

// plain is an address without what says how it was written.
func plain(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }

// countedAs is what the bounds on an address are for: for IPv6 its /64, because one host usually has all of it.
func countedAs(addr netip.Addr) netip.Addr {
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return addr
}
