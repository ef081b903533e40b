package scaling

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func settled(desired, current int32, gateways ...Gateway) State {
	return State{Desired: desired, Exists: true, Current: current, Observed: true, Gateways: gateways}
}

func serving(name string, connections int) Gateway {
	return Gateway{Name: name, Ready: true, Revision: "1", Connections: connections}
}

func with(g Gateway, change func(*Gateway)) Gateway {
	change(&g)
	return g
}

func mark(g *Gateway)  { g.Marked = true }
func drain(g *Gateway) { g.Terminating = true }

func TestPlan(t *testing.T) {
	a, b, c := serving("a", 3), serving("b", 2), serving("c", 1)
	tests := map[string]struct {
		state State
		want  Step
	}{
		"first":                {State{Desired: 3}, Step{Replicas: 3}},
		"nothing to do":        {settled(3, 3, a, b, c), Step{Replicas: 3}},
		"up at once":           {settled(9, 3, a, b, c), Step{Replicas: 9}},
		"up while one drains":  {settled(3, 2, a, b, with(c, drain)), Step{Replicas: 3}},
		"up cancels":           {settled(3, 3, a, b, with(c, mark)), Step{Replicas: 3, Unmark: []string{"c"}}},
		"mark first":           {settled(1, 3, a, b, c), Step{Replicas: 3, Victim: "c", Mark: []string{"c"}, Wait: WaitMark}},
		"then one less":        {settled(1, 3, a, b, with(c, mark)), Step{Replicas: 2, Victim: "c"}},
		"mark of a busier one": {settled(1, 3, a, with(b, mark), c), Step{Replicas: 2, Victim: "b"}},
		"mark of a healthy one": {
			settled(1, 3, a, with(b, mark), with(c, func(g *Gateway) { g.Ready = false })),
			Step{Replicas: 3, Victim: "c", Mark: []string{"c"}, Unmark: []string{"b"}, Wait: WaitMark},
		},
		"two marks":          {settled(1, 3, a, with(b, mark), with(c, mark)), Step{Replicas: 2, Victim: "c", Unmark: []string{"b"}}},
		"not taken up yet":   {State{Desired: 1, Exists: true, Current: 2, Gateways: []Gateway{a, b, with(c, mark)}}, Step{Replicas: 2, Wait: WaitEnding}},
		"about to be ended":  {settled(1, 2, a, b, with(c, mark)), Step{Replicas: 2, Wait: WaitEnding}},
		"the mark stays":     {settled(2, 2, a, b, with(c, mark)), Step{Replicas: 2}},
		"one drains":         {settled(1, 2, a, b, with(c, drain)), Step{Replicas: 2, Wait: WaitTerminating}},
		"the wrong one ends": {settled(1, 2, a, with(b, mark), with(c, drain)), Step{Replicas: 2, Wait: WaitTerminating, Unmark: []string{"b"}}},
		"pods are missing":   {settled(1, 5, a, b), Step{Replicas: 4}},
		"no pods":            {settled(1, 3), Step{Replicas: 2}},
		"to zero":            {settled(0, 1, with(a, mark)), Step{Replicas: 0, Victim: "a"}},
		"rollout": {
			State{Desired: 1, Exists: true, Current: 3, Observed: true, Rolling: true, Gateways: []Gateway{a, b, with(c, mark)}},
			Step{Replicas: 3, Wait: WaitRollout, Unmark: []string{"c"}},
		},
		"two revisions": {settled(1, 2, a, b, with(c, func(g *Gateway) { g.Revision = "2" })), Step{Replicas: 2, Wait: WaitRollout}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, Plan(test.state)) })
	}
}

func TestVictim(t *testing.T) {
	// Each is a better victim than those after it.
	order := []Gateway{
		{Name: "h", Unschedulable: true, Connections: -1},
		{Name: "g", Connections: -1, Revision: "1"},
		with(serving("f", 9), func(g *Gateway) { g.Outdated = true }),
		with(serving("e", 9), mark),
		serving("d", 1),
		serving("b", 2),
		serving("c", 2),
		serving("a", -1),
	}
	for len(order) > 0 {
		require.Equal(t, order[0].Name, victim(order).Name)
		order = order[1:]
	}
}
