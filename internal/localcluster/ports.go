package localcluster

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Ports come from here, and not from the kernel, because Linux and macOS give the ports above 32767 to outgoing connections: one of
// those could take a gateway's port while the gateway is being restarted.
const (
	firstPort = 20_000
	lastPort  = 29_999
)

// addresses are where one gateway listens, all on 127.0.0.1: macOS has no other loopback address.
type addresses struct{ client, admin, mesh string }

// A portPicker finds ports that are free now and that it gave to nobody else. It is safe for concurrent use.
type portPicker struct {
	mu   sync.Mutex
	used map[int]bool
}

func newPortPicker() *portPicker { return &portPicker{used: map[int]bool{}} }

// pick returns the addresses of one gateway.
func (p *portPicker) pick() (addresses, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []string
	start := rand.IntN(lastPort - firstPort + 1)
	for i := 0; i <= lastPort-firstPort && len(found) < 3; i++ {
		port := firstPort + (start+i)%(lastPort-firstPort+1)
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if !p.used[port] && isFree(address) {
			p.used[port] = true
			found = append(found, address)
		}
	}
	if len(found) < 3 {
		return addresses{}, fmt.Errorf("no three free ports from %d to %d on 127.0.0.1", firstPort, lastPort)
	}
	return addresses{client: found[0], admin: found[1], mesh: found[2]}, nil
}

// isFree says whether nobody listens at the address, neither with TCP nor with UDP.
func isFree(address string) bool {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	packets, err := net.ListenPacket("udp", address)
	if err == nil {
		err = packets.Close()
	}
	return errors.Join(err, listener.Close()) == nil
}
