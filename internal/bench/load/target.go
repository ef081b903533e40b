package load

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
)

// A target is a server's address.
type target struct {
	host   string // for the Host header
	addr   netip.AddrPort
	secure bool
}

// resolve reads a ws:// or wss:// address. A name is looked up once.
func resolve(address string) (*target, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", address, err)
	}
	t := &target{host: u.Host, secure: u.Scheme == "wss"}
	if u.Hostname() == "" || !t.secure && u.Scheme != "ws" {
		return nil, fmt.Errorf("address %q: want ws://host:port or wss://host:port", address)
	}
	port := u.Port()
	if port == "" {
		port = map[bool]string{false: "80", true: "443"}[t.secure]
	}
	found, err := net.DefaultResolver.LookupNetIP(context.Background(), "ip", u.Hostname())
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", address, err)
	}
	number, err := net.DefaultResolver.LookupPort(context.Background(), "tcp", port)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", address, err)
	}
	t.addr = netip.AddrPortFrom(found[0].Unmap(), uint16(number))
	return t, nil
}

func parseSources(names []string) ([]netip.Addr, error) {
	sources := make([]netip.Addr, 0, len(names))
	for _, name := range names {
		a, err := netip.ParseAddr(name)
		if err != nil {
			return nil, fmt.Errorf("source address: %w", err)
		}
		sources = append(sources, a)
	}
	return sources, nil
}
