package mesh

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/starling-realtime/starling/gateway/sleep"
)

// A cut says what does not get through between two nodes, in both directions.
type cut struct {
	// silent swallows what links send, without a sign, and lets dials hang.
	silent bool
	// refused lets dials of links fail as if nobody listened.
	refused bool
	// gossip drops memberlist's packets and streams.
	gossip bool
}

// The cuts that tests make.
var (
	blackhole  = cut{silent: true, gossip: true}
	linksOnly  = cut{silent: true}
	linksDown  = cut{refused: true}
	gossipOnly = cut{gossip: true}
)

type pair struct{ a, b string }

func pairOf(a, b string) pair {
	if a > b {
		a, b = b, a
	}
	return pair{a, b}
}

// A network is what lies between the nodes of a test, which can cut it.
type network struct {
	mu    sync.Mutex
	names map[string]string
	cuts  map[pair]cut
	conns map[*netConn]struct{}
	// undead are connections that were closed while nobody could have noticed.
	undead map[*netConn]struct{}
	// changed is closed and replaced when a cut begins or ends.
	changed chan struct{}
}

func newNetwork() *network {
	return &network{
		names: make(map[string]string), cuts: make(map[pair]cut), conns: make(map[*netConn]struct{}),
		undead: make(map[*netConn]struct{}), changed: make(chan struct{}),
	}
}

// name says which node is at an address.
func (n *network) name(address, node string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.names[address] = node
}

// cut makes or, with the zero cut, heals a cut. A cut that refuses also resets the connections there are.
func (n *network) cut(a, b string, c cut) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cuts[pairOf(a, b)] = c
	close(n.changed)
	n.changed = make(chan struct{})
	for conn := range n.conns {
		if conn.pair == pairOf(a, b) && c.refused {
			conn.reset()
		}
	}
	for conn := range n.undead {
		if conn.pair == pairOf(a, b) && !c.silent {
			delete(n.undead, conn)
			_ = conn.Conn.Close()
		}
	}
}

func (n *network) heal(a, b string) { n.cut(a, b, cut{}) }

func (n *network) state(p pair) (cut, <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.cuts[p], n.changed
}

// close ends what is left.
func (n *network) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for conn := range n.undead {
		_ = conn.Conn.Close()
	}
	for conn := range n.conns {
		_ = conn.Conn.Close()
	}
}

// resetSome breaks each connection with a probability, some of them in the middle of a write.
func (n *network) resetSome(probability float64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for conn := range n.conns {
		switch {
		case rand.Float64() >= probability:
		case rand.IntN(2) == 0:
			conn.tear.Store(true)
		default:
			conn.reset()
		}
	}
}

// storm resets connections at random until the returned function is called.
func (n *network) storm(every time.Duration, probability float64) (calm func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var blowing sync.WaitGroup
	blowing.Go(func() {
		for sleep.For(ctx, every) {
			n.resetSome(probability)
		}
	})
	return func() {
		cancel()
		blowing.Wait()
	}
}

// of is the network as a node uses it.
func (n *network) of(node string) Network { return nodeNetwork{n, node} }

type nodeNetwork struct {
	net  *network
	node string
}

// pairTo is this node and the one at an address.
func (n nodeNetwork) pairTo(address string) pair {
	n.net.mu.Lock()
	defer n.net.mu.Unlock()
	return pairOf(n.node, n.net.names[address])
}

// Dial implements [Network].
func (n nodeNetwork) Dial(ctx context.Context, address string) (net.Conn, error) {
	p := n.pairTo(address)
	for {
		c, changed := n.net.state(p)
		if c.refused {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
		}
		if !c.silent {
			break
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	raw, err := realNetwork{}.Dial(ctx, address)
	if err != nil {
		return nil, err
	}
	conn := &netConn{Conn: raw, net: n.net, pair: p, closed: make(chan struct{})}
	n.net.mu.Lock()
	defer n.net.mu.Unlock()
	n.net.conns[conn] = struct{}{}
	return conn, nil
}

// Wrap implements [Network].
func (n nodeNetwork) Wrap(t memberlist.NodeAwareTransport) memberlist.NodeAwareTransport {
	return &gossipTransport{NodeAwareTransport: t, at: n}
}

// A gossipTransport drops what is cut. Both ends have one, so it is enough to drop what is sent.
type gossipTransport struct {
	memberlist.NodeAwareTransport
	at nodeNetwork
}

func (t *gossipTransport) isCut(address string) bool {
	c, _ := t.at.net.state(t.at.pairTo(address))
	return c.gossip
}

// WriteTo implements [memberlist.Transport].
func (t *gossipTransport) WriteTo(b []byte, addr string) (time.Time, error) {
	return t.WriteToAddress(b, memberlist.Address{Addr: addr})
}

// WriteToAddress implements [memberlist.NodeAwareTransport].
func (t *gossipTransport) WriteToAddress(b []byte, addr memberlist.Address) (time.Time, error) {
	if t.isCut(addr.Addr) {
		return time.Now(), nil
	}
	return t.NodeAwareTransport.WriteToAddress(b, addr)
}

// DialTimeout implements [memberlist.Transport].
func (t *gossipTransport) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	return t.DialAddressTimeout(memberlist.Address{Addr: addr}, timeout)
}

var errCut = errors.New("timeout: the test's network is cut")

// DialAddressTimeout implements [memberlist.NodeAwareTransport].
func (t *gossipTransport) DialAddressTimeout(addr memberlist.Address, timeout time.Duration) (net.Conn, error) {
	if t.isCut(addr.Addr) {
		return nil, errCut
	}
	return t.NodeAwareTransport.DialAddressTimeout(addr, timeout)
}
