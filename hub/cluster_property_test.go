package hub

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A member that moves between gateways by closing its connections is never seen to leave, while others come and go as they
// like; then all hubs agree. On the way, each receiver's digest is the owner's at the same position of its log.
func TestMovesNeverFlicker(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var movers, roamers [][]act
		for range 3 {
			movers = append(movers, drawActs(rt, "moves", 15))
			roamers = append(roamers, drawActs(rt, "acts", 20))
		}
		runCluster(t, rt, func(c *cluster) {
			present := sharedSet{set: map[string]bool{}}
			c.start(movers, roamers, &present)
			c.settle()
			c.requireNoLeaves("mover")
			c.requireEqual(present.set)
		})
	})
}

// Hubs that lost part of a log, or gave up on its owner, agree again after snapshots taken while changes went on.
func TestResyncConverges(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var roamers [][]act
		for range 4 {
			roamers = append(roamers, drawActs(rt, "acts", 20))
		}
		outages := drawOutages(rt)
		runCluster(t, rt, func(c *cluster) {
			present := sharedSet{set: map[string]bool{}}
			c.start(nil, roamers, &present)
			for _, o := range outages {
				o.happen(c.links[o.link])
			}
			c.settle()
			c.requireEqual(present.set)
		})
	})
}

// start lets everybody live. Two roamers share one member id, as two devices do.
func (c *cluster) start(movers, roamers [][]act, present *sharedSet) {
	for i, acts := range movers {
		member := fmt.Sprintf("mover%d", i)
		present.add(member)
		c.live(func(t require.TestingT) { c.move(t, member, acts) })
	}
	for i, acts := range roamers {
		member := fmt.Sprintf("roamer%d", i/2)
		c.live(func(t require.TestingT) {
			if c.roam(t, member, acts) {
				present.add(member)
			}
		})
	}
}

// An outage is a time during which one link loses everything.
type outage struct {
	wait, lasts time.Duration
	link        int
	dropFirst   bool
}

func drawOutages(t *rapid.T) []outage {
	outages := make([]outage, rapid.IntRange(1, 8).Draw(t, "outages"))
	for i := range outages {
		outages[i] = outage{
			wait:      time.Duration(rapid.IntRange(0, 8000).Draw(t, "wait ms")) * time.Millisecond,
			lasts:     time.Duration(rapid.IntRange(0, 8000).Draw(t, "outage ms")) * time.Millisecond,
			link:      rapid.IntRange(0, clusterNodes*(clusterNodes-1)-1).Draw(t, "link"),
			dropFirst: rapid.Bool().Draw(t, "given up"),
		}
	}
	return outages
}

func (o outage) happen(l *netLink) {
	time.Sleep(o.wait)
	l.fail()
	time.Sleep(o.lasts)
	l.repair(o.dropFirst)
}

type sharedSet struct {
	mu  sync.Mutex
	set map[string]bool
}

func (s *sharedSet) add(member string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set[member] = true
}
