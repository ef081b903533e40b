package mesh

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// rejoin finds other gateways, for ever: memberlist forgets dead ones after 30 s, and a partition can last longer.
func (m *Mesh) rejoin(ctx context.Context) {
	if len(m.cfg.Join) == 0 {
		return
	}
	var found bool
	var aloneSince time.Time
	for {
		changed := m.keys.Changed()
		others, complete := m.resolveAll(ctx)
		m.joinAll(ctx, others, found)
		if !found && (m.members.NumMembers() > 1 || m.hearsAny()) {
			found = true
			close(m.ready.joined)
		}
		switch {
		case found || !complete || len(others) > 0:
			aloneSince = time.Time{}
		case aloneSince.IsZero():
			aloneSince = time.Now()
		case time.Since(aloneSince) >= m.cfg.Tuning.Alone:
			found = true
			close(m.ready.alone)
		}
		pause := m.cfg.Tuning.Rejoin
		if !found || m.ready.lacksAny() {
			pause = m.cfg.Tuning.Retry
		}
		if !pauseUnless(ctx, pause, changed) {
			return
		}
	}
}

// pauseUnless waits for d, or until the keys change and whoever could not be joined maybe can; false when ctx is done.
func pauseUnless(ctx context.Context, d time.Duration, changed <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-changed:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// joinAll exchanges memberlist's state with the gateways at the addresses that it does not count as alive. Until this gateway
// is in step it notes who is there and cannot be joined.
func (m *Mesh) joinAll(ctx context.Context, addresses []netip.AddrPort, found bool) {
	alive := m.aliveAddresses()
	var unmet []unmet
	for _, a := range addresses {
		if alive[a.String()] {
			continue
		}
		_, err := m.members.Join([]string{a.String()})
		if err == nil {
			continue
		}
		m.refusals.couldNotJoin(a.String(), err, time.Now())
		if m.ready.isReached() {
			continue
		}
		if u, there := m.probe(ctx, a, found); there {
			unmet = append(unmet, u)
		}
	}
	m.ready.setUnmet(unmet)
}

// resolveAll returns the addresses of other gateways: those that Join names, and those of peers whose links work although
// memberlist has given them up. complete says that every name resolved to something.
func (m *Mesh) resolveAll(ctx context.Context) (others []netip.AddrPort, complete bool) {
	seen := map[netip.AddrPort]bool{m.advertise: true, m.transport.Addr(): true}
	add := func(a netip.AddrPort) {
		if !seen[a] {
			seen[a] = true
			others = append(others, a)
		}
	}
	complete = true
	for _, target := range m.cfg.Join {
		addresses, err := resolve(ctx, target)
		if err != nil {
			complete = false
			m.refusals.couldNotResolve(target, err, time.Now())
		}
		for _, a := range addresses {
			add(a)
		}
	}
	for _, p := range m.allPeers() {
		if a, err := netip.ParseAddrPort(p.addr()); err == nil && !p.alive.Load() && m.holds(p.boot) {
			add(a)
		}
	}
	return others, complete
}

// resolve returns the addresses behind host:port.
func resolve(ctx context.Context, target string) ([]netip.AddrPort, error) {
	host, portText, err := net.SplitHostPort(target)
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", target, err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("reading the port of %q: %w", target, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("resolving %q: %w", host, err)
	}
	var out []netip.AddrPort
	for _, a := range addrs {
		out = append(out, netip.AddrPortFrom(a.Unmap(), uint16(port)))
	}
	return out, nil
}
