package rebalance

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// steadyView is a gateway with 200 clients besides one that has none.
func steadyView() View {
	return View{
		Ready: true, Connections: 200, Movable: 200,
		Others: []Gateway{{ID: "b", Serves: true, PerSecond: 1000, Room: 20_000}},
	}
}

// A clocked planner is one that is called every second.
type clocked struct {
	*Planner
	now time.Time
}

func newClocked() *clocked { return &clocked{NewPlanner(Options{}), time.Unix(1000, 0)} }

// run asks for so many seconds, and returns how many clients were to move in all.
func (c *clocked) run(seconds int, v *View, note func(due int)) (all int) {
	for range seconds {
		c.now = c.now.Add(time.Second)
		due := c.Next(c.now, *v)
		all += due
		if note != nil {
			note(due)
		}
	}
	return all
}

func TestItWaitsUntilTheGatewaysAreSteady(t *testing.T) {
	for name, disturb := range map[string]func(*View){
		"this one drains":    func(v *View) { v.Ready = false },
		"another one drains": func(v *View) { v.Others[0].Serves = false },
		"another one has come": func(v *View) {
			v.Others = append(v.Others, Gateway{ID: "c", Serves: true, PerSecond: 1000, Room: 20_000})
		},
		"another one was replaced": func(v *View) { v.Others[0].ID = "c" },
		"the only other one left":  func(v *View) { v.Others = nil },
	} {
		c, v := newClocked(), steadyView()
		require.Zero(t, c.run(60, &v, nil), name)
		require.Equal(t, StateResting, c.Status().State, name)
		require.NotEmpty(t, c.Status().Reason, name)
		require.NotZero(t, c.run(5, &v, nil), name)
		require.Equal(t, Status{StateShedding, "200 connections, 100 more than the mean of 2 gateways", 100}, c.Status(), name)

		w := steadyView()
		disturb(&w)
		require.Zero(t, c.run(1, &w, nil), name)
		require.Equal(t, StateResting, c.Status().State, name)
		v = steadyView()
		require.Zero(t, c.run(60, &v, nil), "a minute more: %s", name)
		require.NotZero(t, c.run(5, &v, nil), name)
	}
}

func TestALittleMoreThanTheMeanIsBorne(t *testing.T) {
	for _, tt := range []struct {
		own, other int
		want       State
	}{
		{0, 0, StateEven}, {1, 0, StateEven}, {8, 0, StateEven}, // a handful
		{130, 70, StateEven}, {132, 68, StateShedding}, // three times what chance makes of 100
		{11_000, 9000, StateEven}, {11_001, 8999, StateShedding}, // a tenth
		{68, 132, StateEven},
	} {
		c, v := newClocked(), steadyView()
		v.Connections, v.Movable, v.Others[0].Connections = tt.own, tt.own, tt.other
		c.run(62, &v, nil)
		require.Equal(t, tt.want, c.Status().State, "%d and %d", tt.own, tt.other)
	}
}

func TestItGoesOnDownToTheMeanAndNoFurther(t *testing.T) {
	c, v := newClocked(), steadyView()
	all := c.run(1000, &v, func(due int) {
		v.Connections, v.Shed, v.Movable = v.Connections-due, v.Shed+due, v.Movable-due
		v.Others[0].Connections += due
	})
	require.Equal(t, 100, all)
	require.Equal(t, 100, v.Connections)
	require.Equal(t, Status{State: StateEven}, c.Status())
}

func TestThoseThatAreLeavingAreNotAskedForTwice(t *testing.T) {
	c, v := newClocked(), steadyView()
	all := c.run(1000, &v, func(due int) { v.Leaving, v.Movable = v.Leaving+due, v.Movable-due })
	require.Equal(t, 100, all)
}

func TestItHeedsWhatTheOthersCanTake(t *testing.T) {
	c, v := newClocked(), steadyView()
	v.Connections, v.Movable, v.Others[0].PerSecond = 20_000, 20_000, 2
	c.run(60, &v, nil)
	require.InDelta(t, 40, c.run(20, &v, nil), 1)
	v.Others[0].PerSecond, v.Others[0].Room = 1000, 1
	require.InDelta(t, 20, c.run(20, &v, nil), 2)
	v.Others[0].Room = 0
	require.Zero(t, c.run(60, &v, nil))
	require.Contains(t, c.Status().Reason, "the others take none")
	v.Others[0].Room, v.Connections = 20_000, 1000
	require.LessOrEqual(t, c.run(1, &v, nil), 11, "a hundredth of its own a second, at most")
}

func TestClientsThatMayNotBeAskedAreWaitedFor(t *testing.T) {
	c, v := newClocked(), steadyView()
	v.Movable = 0
	require.Zero(t, c.run(1000, &v, nil))
	require.Equal(t, StateShedding, c.Status().State)
	require.Contains(t, c.Status().Reason, "a short while ago")
	v.Movable = 1
	require.LessOrEqual(t, c.run(1, &v, nil), 1)
}

// stop runs a planner whose clients come back until it stops.
func stop(t *testing.T) (*clocked, View) {
	t.Helper()
	c, v := newClocked(), steadyView()
	require.InDelta(t, 80, c.run(1000, &v, func(due int) { v.Shed += due }), 2)
	require.Equal(t, StateStopped, c.Status().State)
	require.Contains(t, c.Status().Reason, "clients come back")
	return c, v
}

func TestItStaysStoppedUntilSomethingIsDifferent(t *testing.T) {
	c, v := stop(t)
	v.Others[0].Serves = false
	require.Zero(t, c.run(10, &v, nil))
	require.Equal(t, StateStopped, c.Status().State, "of the same gateways")
	v.Others[0].Serves = true
	v.Connections += 30
	require.Zero(t, c.run(300, &v, nil), "a little more is not different")

	for name, change := range map[string]func(*View){
		"many more clients": func(v *View) { v.Connections += 60 },
		"another gateway":   func(v *View) { v.Others[0].ID = "c" },
	} {
		c, v := stop(t)
		change(&v)
		require.NotZero(t, c.run(100, &v, nil), name)
	}
	c, v = stop(t)
	v.Connections = 0
	c.run(1, &v, nil)
	require.Equal(t, StateEven, c.Status().State, "there is nothing to stop any more")
}

// What happens while nobody moves is not counted for or against.
func TestOnlyMovesAreJudged(t *testing.T) {
	c, v := newClocked(), steadyView()
	v.Movable = 0
	c.run(61, &v, nil)
	for range 50 {
		v.Connections += 39
		c.run(20, &v, nil)
		v.Connections -= 39
		c.run(20, &v, nil)
	}
	v.Connections += 39
	c.run(20, &v, nil)
	require.Equal(t, StateShedding, c.Status().State)
}
