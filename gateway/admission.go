package gateway

import (
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

// perAddress is the flag of the bound on an address's connections.
const perAddress = "max-connections-per-address"

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
		return perAddress
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
