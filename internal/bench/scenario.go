package bench

import (
	"time"

	"github.com/starling-realtime/starling/internal/bench/load"
)

// A Scenario is what the load does.
type Scenario struct {
	Name string
	// Groups, Channels and Streams are as in [load.Plan], but for the groups' targets, which are Sides here.
	Groups   []Group
	Channels int
	Streams  int
	// Probe is a second load that publishes while the first one opens its connections; nil: none.
	Probe *Scenario

	Opening load.Opening
	// Storm cuts all connections when they are open, and opens them like this again; nil: not.
	Storm *load.Opening
	// Pacing's rate, payload and so on; nil: nothing is published. Start, WarmUp and Duration are the run's.
	Pacing *load.Pacing
	// Settle is how long nothing happens before memory is looked at.
	Settle time.Duration
	// AfterGC also looks at it after the gateways have collected garbage by themselves, which takes up to two minutes.
	AfterGC bool
	// Entries is how many presence entries the scenario makes in the cluster.
	Entries int
	// MemorySide is the side whose gateways' memory is divided by Entries.
	MemorySide Side
}

// A Group is a [load.Group] on a side.
type Group struct {
	load.Group
	Side Side
}

// A Side says which of several gateways connections go to.
type Side uint8

// The sides. With one gateway, they are all the same.
const (
	// Everywhere is all gateways in turn.
	Everywhere Side = iota
	// First is the first gateway.
	First
	// Others are all but the first.
	Others
)

func (s Side) of(addresses []string) []string {
	switch {
	case len(addresses) < 2 || s == Everywhere:
		return addresses
	case s == First:
		return addresses[:1]
	default:
		return addresses[1:]
	}
}

// openTimeout is how long opening all connections may take.
const openTimeout = 5 * time.Minute

// inFlight is how many connections are being opened at a time where opening is not what is measured.
const inFlight = 128

func plainOpening() load.Opening {
	return load.Opening{InFlight: inFlight, Timeout: int64(openTimeout)}
}

// Fanout is one channel with many subscribers, and publishers that do nothing else.
func Fanout(subscribers, publishers, stalled int, rate float64, payload int) Scenario {
	return Scenario{
		Name: "fanout",
		Groups: []Group{
			{Group: load.Group{Name: "subscriber", Count: subscribers, PerConnection: 1, Stalled: stalled, Presence: "none"}},
			{Group: load.Group{Name: "publisher", Count: publishers, PerConnection: 1, Publishes: true, Deaf: true, Presence: "none"}, Side: First},
		},
		Channels: 1, Streams: publishers,
		Opening: plainOpening(),
		Pacing:  &load.Pacing{Rate: rate, Payload: payload},
	}
}

// Rooms is many small channels whose members publish; everybody gets everything, also the publisher.
func Rooms(channels, members, connections int, rate float64, payload int) Scenario {
	return Scenario{
		Name: "rooms",
		Groups: []Group{{Group: load.Group{
			Name: "member", Count: connections, PerConnection: channels * members / connections, Publishes: true, Presence: "none",
		}}},
		Channels: channels, Streams: channels,
		Opening: plainOpening(),
		Pacing:  &load.Pacing{Rate: rate, Payload: payload, Echo: true},
	}
}

// Idle is connections that only hear of each other's presence.
func Idle(connections, channels int, settle time.Duration, afterGC bool) Scenario {
	return Scenario{
		Name:     "idle",
		Groups:   []Group{{Group: load.Group{Name: "member", Count: connections, PerConnection: 1}}},
		Channels: channels, Opening: plainOpening(), Settle: settle, AfterGC: afterGC,
	}
}

// JoinStorm is connections that come at a rate, or with rate 0 as fast as so many at a time get in.
func JoinStorm(connections, channels, atOnce int, rate float64) Scenario {
	opening := load.Opening{InFlight: atOnce, Timeout: int64(openTimeout)}
	if rate > 0 {
		opening = load.Opening{Rate: rate, Timeout: int64(openTimeout)}
	}
	return Scenario{
		Name:     "join-storm",
		Groups:   []Group{{Group: load.Group{Name: "member", Count: connections, PerConnection: 1}}},
		Channels: channels, Opening: opening,
	}
}

// ReconnectStorm is connections that all break at once and come back within spread.
func ReconnectStorm(connections, channels int, spread time.Duration) Scenario {
	s := JoinStorm(connections, channels, inFlight, 0)
	s.Name = "reconnect-storm"
	s.Storm = &load.Opening{Spread: int64(spread), Timeout: int64(openTimeout)}
	return s
}

// Presence is many entries made on the first gateway, while connections on the others look for pauses.
func Presence(entries, channels, connections int) Scenario {
	probe := Fanout(1, 1, 0, 1000, 200)
	for i := range probe.Groups {
		probe.Groups[i].Side = Others
		probe.Groups[i].Name = "probe-" + probe.Groups[i].Name
	}
	return Scenario{
		Name: "presence",
		Groups: []Group{{
			Group: load.Group{Name: "member", Count: connections, PerConnection: entries / connections, Presence: "none"}, Side: First,
		}},
		Channels: channels, Opening: plainOpening(), Probe: &probe,
		Settle: 5 * time.Second, Entries: entries, MemorySide: Others,
	}
}

// Mesh is publishes on the first gateway to channels whose subscribers are on the others.
func Mesh(channels, subscribers int, rate float64, payload int) Scenario {
	const each = 100 // channels a publishing connection, the most that a gateway allows by default
	return Scenario{
		Name: "mesh",
		Groups: []Group{
			{Group: load.Group{Name: "subscriber", Count: channels * subscribers, PerConnection: 1, Presence: "none"}, Side: Others},
			{Group: load.Group{
				Name: "publisher", Count: (channels + each - 1) / each, PerConnection: min(each, channels),
				Publishes: true, Deaf: true, Presence: "none",
			}, Side: First},
		},
		Channels: channels, Streams: channels,
		Opening: plainOpening(),
		Pacing:  &load.Pacing{Rate: rate, Payload: payload},
	}
}

// Joins is members who join and leave channels on the first gateway, seen by connections on the others.
func Joins(channels int, rate float64) Scenario {
	const each = 50
	return Scenario{
		Name: "mesh-joins",
		Groups: []Group{
			{Group: load.Group{
				Name: "observer", Count: (channels + each - 1) / each, PerConnection: min(each, channels), Presence: "full",
			}, Side: Others},
			{Group: load.Group{Name: "joiner", Count: channels, Toggles: true}, Side: First},
		},
		Channels: channels,
		Opening:  plainOpening(),
		Pacing:   &load.Pacing{Rate: rate, Toggle: true},
	}
}

// Connections is how many connections the scenario has, without the probe's.
func (s *Scenario) Connections() int {
	n := 0
	for i := range s.Groups {
		n += s.Groups[i].Count
	}
	return n
}

// Receivers is how many connections a publish has to reach, on the average.
func (s *Scenario) Receivers() float64 {
	n := 0
	for i := range s.Groups {
		if g := &s.Groups[i]; !g.Deaf && !g.Toggles {
			n += (g.Count - g.Stalled) * g.PerConnection
		}
	}
	return float64(n) / float64(max(1, s.Channels))
}

// MostChannels is in how many channels one connection is.
func (s *Scenario) MostChannels() int {
	n := 1
	for i := range s.Groups {
		n = max(n, s.Groups[i].PerConnection)
	}
	return n
}

// Gateways is how many gateways the scenario needs.
func (s *Scenario) Gateways() int {
	for i := range s.Groups {
		if s.Groups[i].Side != Everywhere && s.Name != "fanout" {
			return 2
		}
	}
	return 1
}
