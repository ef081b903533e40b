package rebalance

import (
	"fmt"
	"math"
	"time"
)

const (
	// worth is how many times the moves that chance needs are granted for each connection that the excess has become less by.
	worth = 2
	// leastGrant and spread are what an account begins with, as an excess: so much may chance take away again before it counts. The
	// spread is in units of what chance makes of one gateway.
	leastGrant, spread = 10, 2
	// notable is by how much the connections of all gateways must have become more or fewer, as a part, for another try.
	notable = 0.2
)

// An account says whether moves help: see the package's documentation.
type account struct {
	// total and excess are what there was when it was opened, and grant what it was opened with, as an excess.
	total         int
	excess, grant float64
	// odds are the worst so far: see [load.odds]. They hold for all that was booked, so that odds that go to and fro earn nothing.
	odds float64
	// gained is by how much the excess has become less, and moves how many clients were asked for that.
	gained float64
	moves  int
	// lastExcess and lastShed are of the last look; paused says that there is none to compare with.
	lastExcess float64
	lastShed   int
	paused     bool
	// movedAt is when somebody last asked a client to move.
	movedAt time.Time
}

func open(l load) *account {
	return &account{
		total: l.total, excess: l.excess, grant: max(leastGrant, spread*l.chance()), odds: l.odds(),
		lastExcess: l.excess, lastShed: l.shed,
	}
}

// isOf says whether the account is still of this cluster.
func (a *account) isOf(l load) bool {
	return math.Abs(float64(l.total-a.total)) <= notable*float64(a.total)
}

// pause leaves out what happens until the next look.
func (a *account) pause() { a.paused = true }

// see books what has happened since the last look. What changes while nobody moves is nobody's merit.
func (a *account) see(now time.Time, l load, lag time.Duration) {
	moves := l.shed - a.lastShed
	if moves > 0 {
		a.movedAt = now
	}
	if !a.paused && now.Sub(a.movedAt) <= lag {
		a.gained += a.lastExcess - l.excess
		a.moves += moves
		a.odds = max(a.odds, l.odds())
	}
	a.paused, a.lastExcess, a.lastShed = false, l.excess, l.shed
}

// balance is how many moves are granted yet.
func (a *account) balance() float64 { return worth*a.odds*(a.grant+a.gained) - float64(a.moves) }

// bold is how many moves may be on their way: so many that the account can bear it if none of them has been seen to help yet, but
// enough to come to an end.
func (a *account) bold() float64 { return max(a.grant/4, a.balance()/(worth*a.odds)) }

func (a *account) verdict(l load) string {
	return fmt.Sprintf("%d clients were asked to connect elsewhere, and the gateways together have %.0f connections above the mean "+
		"instead of %.0f: clients come back, or cannot go where there is room", a.moves, l.excess, a.excess)
}
