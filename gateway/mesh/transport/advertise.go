package transport

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// FinalAdvertiseAddr implements [memberlist.Transport]. With an empty ip and a bind address that means all, it picks a
// private address of this machine, else any unicast one that is not loopback, IPv4 before IPv6. A port of 0 is the bound
// one.
func (t *Transport) FinalAdvertiseAddr(ip string, port int) (net.IP, int, error) {
	if ip != "" {
		addr, err := netip.ParseAddr(ip)
		if err != nil {
			return nil, 0, fmt.Errorf("advertise address %q is no IP address: %w", ip, err)
		}
		if port == 0 {
			port = t.inner.GetAutoBindPort()
		}
		return addr.Unmap().AsSlice(), port, nil
	}
	if bind := t.cfg.Bind.Addr(); bind.IsValid() && !bind.IsUnspecified() {
		return bind.Unmap().AsSlice(), t.inner.GetAutoBindPort(), nil
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil, 0, fmt.Errorf("listing this machine's addresses: %w", err)
	}
	best, err := pickAdvertise(addrs)
	if err != nil {
		return nil, 0, err
	}
	return best.AsSlice(), t.inner.GetAutoBindPort(), nil
}

// pickAdvertise returns the first address of the best rank.
func pickAdvertise(addrs []net.Addr) (netip.Addr, error) {
	var best netip.Addr
	bestRank := 0
	for _, a := range addrs {
		prefix, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		addr := prefix.Addr().Unmap()
		if rank := advertiseRank(addr); rank > bestRank {
			best, bestRank = addr, rank
		}
	}
	if bestRank == 0 {
		return netip.Addr{}, errors.New("this machine has no address that peers could reach, set --mesh-advertise")
	}
	return best, nil
}

func advertiseRank(addr netip.Addr) int {
	switch {
	case !addr.IsGlobalUnicast():
		return 0
	case addr.IsPrivate() && addr.Is4():
		return 4
	case addr.Is4():
		return 3
	case addr.IsPrivate():
		return 2
	default:
		return 1
	}
}
