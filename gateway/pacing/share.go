package pacing

// A Peer is another gateway, as one that drains sees it.
type Peer struct {
	// Takes says that clients can move there. Moves says that it is sending its own clients away.
	Takes, Moves bool
	// PerSecond is how many connections it can take a second, and Room how many more it can hold.
	PerSecond, Room int
}

// Share returns how many connections a second one gateway may send to its peers: what those that take clients can take together,
// divided by those that send clients away, of which the caller is one.
func Share(peers []Peer) float64 {
	senders, sum := 1, 0
	for _, p := range peers {
		if p.Moves {
			senders++
		}
		if p.Takes {
			sum += max(0, min(p.PerSecond, p.Room))
		}
	}
	return float64(sum) / float64(senders)
}
