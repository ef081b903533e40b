package gateway

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// An admission counts connections against their bounds. Methods are safe for concurrent use.
type admission struct {
	most           int64
	mostPerAddress int

	count atomic.Int64
	mu    sync.Mutex
	// addresses is only kept when there is a bound for each.
	addresses map[netip.Addr]int
}

func newAdmission(l Limits) *admission {
	return &admission{most: int64(l.Connections), mostPerAddress: l.ConnectionsPerAddress, addresses: make(map[netip.Addr]int)}
}

// enter counts a connection in; it returns the flag of the bound that it met, or "" and then leave must follow.
func (a *admission) enter(addr netip.Addr) (bound string) {
	if a.count.Add(1) > a.most {
		a.count.Add(-1)
		return "max-connections"
	}
	if a.mostPerAddress == 0 {
		return ""
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.addresses[addr] >= a.mostPerAddress {
		a.count.Add(-1)
		return "max-connections-per-address"
	}
	a.addresses[addr]++
	return ""
}

// leave counts it out.
func (a *admission) leave(addr netip.Addr) {
	a.count.Add(-1)
	if a.mostPerAddress == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.addresses[addr]--; a.addresses[addr] == 0 {
		delete(a.addresses, addr)
	}
}

// clientAddress is the IP address of a request's TCP peer, IPv6 by its /64 because one host usually has all of it. Headers of
// proxies are not looked at: anybody can send them.
func clientAddress(remote string) netip.Addr {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return addr
}
