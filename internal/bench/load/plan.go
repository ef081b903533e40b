package load

import "strconv"

// A Plan is the connections of a load. Each process of Parts holds the connections of every group whose number is Part modulo Parts.
type Plan struct {
	// Dialect names the protocol that the connections speak.
	Dialect string `json:"dialect"`
	Part    int    `json:"part"`
	Parts   int    `json:"parts"`
	// Sources are local addresses to connect from, in turn; empty: the system chooses. One address has about 28,000 ports.
	Sources []string `json:"sources,omitempty"`
	// Streams is how many streams of publishes there are. Stream s is published to channel s modulo Channels, by the connection
	// of a publishing group that takes that place: see [Group.Publishes].
	Streams  int     `json:"streams"`
	Channels int     `json:"channels"`
	Groups   []Group `json:"groups"`
	// TokenKey signs the members' tokens: with ES256 if it is the PEM of a P-256 private key, else with HS256; empty: there are none.
	TokenKey []byte `json:"tokenKey,omitempty"`
}

// A Group is connections that do the same. Connection i joins PerConnection channels, the numbers from i*PerConnection on, modulo
// the plan's channels.
type Group struct {
	// Name begins the member ids.
	Name  string `json:"name"`
	Count int    `json:"count"`
	// Targets are ws:// or wss:// addresses without a path; connection i goes to number i modulo their number.
	Targets       []string `json:"targets"`
	PerConnection int      `json:"perConnection"`
	// Presence is the mode in which they join; empty: the server's default.
	Presence string `json:"presence,omitempty"`
	// Publishes makes connection i publish streams i*PerConnection to (i+1)*PerConnection-1, as far as there are so many.
	Publishes bool `json:"publishes,omitempty"`
	// Deaf connections are not expected to get what is published.
	Deaf bool `json:"deaf,omitempty"`
	// Stalled is how many of them, from the first, stop reading once they are open.
	Stalled int `json:"stalled,omitempty"`
	// Toggles makes connection i join and leave channel i again and again, instead of joining channels when it opens.
	Toggles bool `json:"toggles,omitempty"`
}

// channel returns the number of the j-th channel of connection i.
func (p *Plan) channel(g *Group, i, j int) int { return (i*g.PerConnection + j) % max(1, p.Channels) }

// ChannelName is the name of a channel by its number.
func ChannelName(n int) string { return "c" + strconv.Itoa(n) }

// Connections is how many connections the whole plan has.
func (p *Plan) Connections() int {
	n := 0
	for i := range p.Groups {
		n += p.Groups[i].Count
	}
	return n
}

// Receivers returns how many connections each channel's publishes have to reach.
func (p *Plan) Receivers() []int {
	counts := make([]int, p.Channels)
	for n := range p.Groups {
		g := &p.Groups[n]
		if g.Deaf || g.Toggles {
			continue
		}
		for i := g.Stalled; i < g.Count; i++ {
			for j := range g.PerConnection {
				counts[p.channel(g, i, j)]++
			}
		}
	}
	return counts
}

// Expected is how many deliveries are due for what was sent on each stream.
func (p *Plan) Expected(sent []uint32) uint64 {
	receivers, total := p.Receivers(), uint64(0)
	for s, n := range sent {
		total += uint64(n) * uint64(receivers[s%p.Channels])
	}
	return total
}

// Opening says how a plan's connections are opened. Times are in nanoseconds.
type Opening struct {
	// Rate is connections a second of this process; connection n is due at n/Rate. 0: as fast as InFlight lets.
	Rate float64 `json:"rate"`
	// Spread makes each connection due at a random time within it, if Rate is 0: clients that lost their server at once.
	Spread int64 `json:"spread"`
	// InFlight bounds the connections that are being opened at a time; 0: no bound, so that a slow server does not slow the clients.
	InFlight int `json:"inFlight"`
	// Timeout is after how long those that are not open count as failed.
	Timeout int64 `json:"timeout"`
}

// Pacing says what an open plan does. Times are in nanoseconds.
type Pacing struct {
	// Start is by the generators' clock: see [Now].
	Start    int64 `json:"start"`
	WarmUp   int64 `json:"warmUp"`
	Duration int64 `json:"duration"`
	// Rate is publishes, or joins, a second over all processes; 0: as many as the server takes.
	Rate float64 `json:"rate"`
	// Payload is the size of a publish's payload in bytes.
	Payload int `json:"payload"`
	// Echo gives a publisher that is in the channel its own publishes.
	Echo bool `json:"echo"`
	// Toggle joins and leaves instead of publishing.
	Toggle bool `json:"toggle"`
}
