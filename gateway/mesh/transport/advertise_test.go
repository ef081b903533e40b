package transport

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFinalAdvertiseAddr(t *testing.T) {
	tr := start(t, Config{})
	port := int(tr.Addr().Port())
	ip, p, err := tr.FinalAdvertiseAddr("10.1.2.3", 77)
	require.NoError(t, err)
	require.Equal(t, "10.1.2.3:77", netip.AddrPortFrom(addrOf(t, ip), uint16(p)).String())
	ip, p, err = tr.FinalAdvertiseAddr("10.1.2.3", 0)
	require.NoError(t, err)
	require.Equal(t, port, p)
	require.Equal(t, "10.1.2.3", ip.String())
	ip, p, err = tr.FinalAdvertiseAddr("", 7946)
	require.NoError(t, err)
	require.Equal(t, port, p)
	require.Equal(t, "127.0.0.1", ip.String())
	_, _, err = tr.FinalAdvertiseAddr("example.com", 1)
	require.ErrorContains(t, err, `"example.com" is no IP address`)
}

func TestBoundToAllAddresses(t *testing.T) {
	for _, bind := range []netip.AddrPort{{}, netip.MustParseAddrPort("0.0.0.0:0"), netip.MustParseAddrPort("[::ffff:0.0.0.0]:0")} {
		tr, err := New(Config{Bind: bind, OnLink: func(_ context.Context, conn net.Conn) { _ = conn.Close() }})
		require.NoError(t, err)
		require.True(t, tr.Addr().Addr().IsUnspecified())
		conn, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", tr.Addr().Port()))
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		require.NoError(t, tr.Shutdown())
	}
}

func addrOf(t *testing.T, ip net.IP) netip.Addr {
	t.Helper()
	addr, ok := netip.AddrFromSlice(ip)
	require.True(t, ok)
	return addr
}

func TestPickAdvertise(t *testing.T) {
	tests := []struct {
		name  string
		addrs []string
		want  string
	}{
		{"loopback only", []string{"127.0.0.1/8", "::1/128", "fe80::1/64"}, ""},
		{"none", nil, ""},
		{"private before public", []string{"127.0.0.1/8", "203.0.113.7/24", "10.0.0.5/8"}, "10.0.0.5"},
		{"public before IPv6", []string{"fd00::1/64", "203.0.113.7/24"}, "203.0.113.7"},
		{"IPv6 only", []string{"2001:db8::1/64", "fd00::1/64", "fe80::1/64"}, "fd00::1"},
		{"the first of equals", []string{"10.0.0.5/8", "192.168.0.1/16"}, "10.0.0.5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var addrs []net.Addr
			for _, s := range tt.addrs {
				ip, network, err := net.ParseCIDR(s)
				require.NoError(t, err)
				addrs = append(addrs, &net.IPNet{IP: ip, Mask: network.Mask})
			}
			got, err := pickAdvertise(addrs)
			if tt.want == "" {
				require.ErrorContains(t, err, "--mesh-advertise")
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, got.String())
		})
	}
}
