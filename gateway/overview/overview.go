package overview

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// An Overview is a cluster, as one gateway could find out.
type Overview struct {
	// Cluster is its name.
	Cluster string `json:"cluster"`
	// Answered is the gateway that gave the answer.
	Answered string    `json:"answered"`
	At       time.Time `json:"at"`
	// Actions says that the gateway takes requests to change something.
	Actions bool `json:"actions"`
	// Gateways are those that answered, by name.
	Gateways []Gateway `json:"gateways"`
	// Missing are those that one of them knows of, and that did not answer.
	Missing []Missing `json:"missing,omitempty"`
}

// A Missing is a gateway that did not answer.
type Missing struct {
	Node string `json:"node"`
	Boot string `json:"boot,omitempty"`
	// Reason says why, for people.
	Reason string `json:"reason"`
}

// Complete adds what follows from the answers once all are in: gateways that one of them knows of and that nobody has an answer of,
// who does not see whom, and the order in which everything is shown. A boot that has ended while its successor answered is not missing.
func (o *Overview) Complete() {
	answered, nodes := map[string]bool{}, map[string]bool{}
	for i := range o.Gateways {
		answered[o.Gateways[i].Boot], nodes[o.Gateways[i].Node] = true, true
	}
	missing := map[string]Missing{}
	for _, m := range o.Missing {
		if !nodes[m.Node] {
			missing[m.Node] = m
		}
	}
	for i := range o.Gateways {
		for _, p := range o.Gateways[i].Peers {
			if answered[p.Boot] || nodes[p.Node] || p.State == "leaving" {
				continue
			}
			m, known := missing[p.Node]
			switch {
			case known && (m.Boot == "" || !p.Gone()):
				m.Boot = p.Boot
			case !known && !p.Gone():
				m = Missing{Node: p.Node, Boot: p.Boot, Reason: "only " + o.Gateways[i].Node + " knows of it"}
			case !known:
				continue
			}
			missing[p.Node] = m
		}
	}
	o.Missing = slices.Collect(maps.Values(missing))
	slices.SortFunc(o.Gateways, func(a, b Gateway) int { return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Boot, b.Boot)) })
	slices.SortFunc(o.Missing, func(a, b Missing) int { return cmp.Compare(a.Node, b.Node) })
	for i := range o.Gateways {
		o.Gateways[i].Unseen = o.unseen(i)
	}
}

// unseen returns the names of the gateways that the i-th one does not see although they answered, or others see them. A gateway
// that is leaving is not missed.
func (o *Overview) unseen(i int) []string {
	self := &o.Gateways[i]
	sees := map[string]Peer{}
	for _, p := range self.Peers {
		sees[p.Boot] = p
	}
	var names []string
	for j := range o.Gateways {
		other := &o.Gateways[j]
		if p := sees[other.Boot]; j != i && other.Boot != self.Boot && !p.Seen() && p.State != "leaving" {
			names = append(names, other.Node)
		}
	}
	for _, m := range o.Missing {
		if p, known := sees[m.Boot]; m.Boot != "" && known && !p.Seen() && !p.Gone() || m.Boot != "" && !known {
			names = append(names, m.Node)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Totals are a cluster's figures together.
type Totals struct {
	Gateways, Ready, Draining int
	Connections               int
	// Channels and Members are the largest that a gateway sees: in a cluster that is whole they all see the same.
	Channels, Members int
	// In and Out are messages a second.
	In, Out float64
	// P99Ms is the slowest gateway's; nil when nothing was written.
	P99Ms *float64
}

// Totals works them out from the gateways that answered.
func (o *Overview) Totals() Totals {
	t := Totals{Gateways: len(o.Gateways) + len(o.Missing)}
	for i := range o.Gateways {
		g := &o.Gateways[i]
		if g.Ready {
			t.Ready++
		}
		if g.Draining {
			t.Draining++
		}
		t.Connections += g.Connections
		t.Channels, t.Members = max(t.Channels, g.Channels), max(t.Members, g.Members)
		if f := g.Figures; f != nil {
			t.In, t.Out = t.In+f.In, t.Out+f.Out
			if f.P99Ms != nil && (t.P99Ms == nil || *f.P99Ms > *t.P99Ms) {
				t.P99Ms = f.P99Ms
			}
		}
	}
	return t
}
