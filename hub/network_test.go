package hub

import (
	"math/rand/v2"
	"sync"
	"time"
)

// maxDelay bounds how long a message is under way between two hubs of a network.
const maxDelay = 400 * time.Millisecond

// A network is several hubs that replicate to each other in memory, over one FIFO queue a pair with random delays. It is
// made and used in a bubble.
type network struct {
	nodes    []*node
	links    []*netLink
	wg       sync.WaitGroup
	failures collectorGroup
}

// A node is one hub with the log of its own changes.
type node struct {
	boot Boot
	hub  *Hub

	mu     sync.Mutex
	digest Digest
	seq    uint64
	out    []*netLink
}

func newNetwork(nodes int, opts Options, seed uint64) *network {
	n := &network{}
	for i := range nodes {
		nd := &node{boot: Boot(i + 1)}
		nodeOpts := opts
		nodeOpts.Replicator = nd
		nd.hub = New(nodeOpts)
		n.nodes = append(n.nodes, nd)
	}
	for i, from := range n.nodes {
		for j, to := range n.nodes {
			if from == to {
				continue
			}
			l := &netLink{
				from: from, to: to, rng: rand.New(rand.NewPCG(seed, uint64(i*nodes+j))), wake: make(chan struct{}, 1), synced: true,
			}
			from.out = append(from.out, l)
			n.links = append(n.links, l)
			n.wg.Go(func() { n.failures.run(l.carry) })
		}
	}
	return n
}

// Append numbers a change and sends it to every other node.
func (nd *node) Append(d Delta) uint64 {
	nd.mu.Lock()
	defer nd.mu.Unlock()
	nd.seq++
	nd.digest = nd.digest.Toggle(d)
	for _, l := range nd.out {
		l.send(message{delta: d, digest: nd.digest})
	}
	return nd.seq
}

// Forward does nothing: publishes are not what these tests are about.
func (nd *node) Forward(*Event, PublishOptions, []Boot) {}

// stop ends the links and the hubs.
func (n *network) stop() {
	for _, l := range n.links {
		l.mu.Lock()
		l.closed = true
		l.mu.Unlock()
		l.signal()
	}
	n.wg.Wait()
	for _, nd := range n.nodes {
		nd.hub.Close()
	}
}
