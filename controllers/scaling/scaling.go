package scaling

import (
	"cmp"
	"math"
	"slices"
)

// A Gateway is a pod as far as the planner cares.
type Gateway struct {
	Name string
	// Terminating gateways drain, and end.
	Terminating bool
	// Unschedulable pods have no node; they serve nobody.
	Unschedulable bool
	Ready         bool
	// Outdated pods are not of the settings that are wanted.
	Outdated bool
	// Revision tells the ReplicaSets of the pods apart.
	Revision string
	// Connections is negative where it is not known.
	Connections int
	// Marked pods are the first that a ReplicaSet gives up, of those that are equally ready.
	Marked bool
}

// A State is what there is, and what is wanted.
type State struct {
	// Desired is how many gateways there should be.
	Desired int32
	// Exists says that there is a Deployment; without one, only Desired counts.
	Exists bool
	// Current is what the Deployment was last told.
	Current int32
	// Observed says that its controller has taken up what it was last told.
	Observed bool
	// Rolling says that it has pods to replace.
	Rolling  bool
	Gateways []Gateway
}

// A Wait is why a scale-down does not get on.
type Wait string

// The reasons to wait.
const (
	// WaitRollout is for a rollout: one ReplicaSet must be left, or taking away would be spread over several.
	WaitRollout Wait = "Rollout"
	// WaitEnding is for a gateway that is about to be ended.
	WaitEnding Wait = "Ending"
	// WaitTerminating is for one that drains.
	WaitTerminating Wait = "Terminating"
	// WaitMark is for the mark to be seen.
	WaitMark Wait = "Mark"
)

// A Step is what to do now. Do it in this order: unmark, mark, then tell the Deployment.
type Step struct {
	// Replicas is what every apply of the Deployment says. It is lower than before by one at most.
	Replicas int32
	// Victim is the gateway that is to end, if one is.
	Victim       string
	Mark, Unmark []string
	// Wait is empty if there is nothing to wait for.
	Wait Wait
}

// Plan returns the next step. More gateways are wanted at once, which cancels a scale-down; fewer are reached one at a time.
func Plan(s State) Step {
	live := slices.DeleteFunc(slices.Clone(s.Gateways), func(g Gateway) bool { return g.Terminating })
	// One that is about to be ended keeps its mark until it is.
	ending := len(live) > int(s.Current) && revisions(live) == 1
	if !s.Exists || s.Desired >= s.Current {
		step := Step{Replicas: s.Desired}
		if len(live) <= int(s.Desired) {
			step.Unmark = marked(live, "")
		}
		return step
	}
	hold := Step{Replicas: s.Current}
	switch {
	case ending, !s.Observed:
		hold.Wait = WaitEnding
	case s.Rolling, revisions(live) > 1:
		hold.Wait, hold.Unmark = WaitRollout, marked(live, "")
	case len(live) < len(s.Gateways):
		hold.Wait, hold.Unmark = WaitTerminating, marked(live, "")
	case len(live) < int(s.Current):
		// Pods are missing: nobody ends.
		return Step{Replicas: s.Current - 1, Unmark: marked(live, "")}
	default:
		return end(s.Current, live)
	}
	return hold
}

// end marks a victim, and lowers the number once the mark is there.
func end(current int32, live []Gateway) Step {
	if len(live) == 0 {
		return Step{Replicas: current - 1}
	}
	v := victim(live)
	step := Step{Replicas: current - 1, Victim: v.Name, Unmark: marked(live, v.Name)}
	if !v.Marked {
		step.Replicas, step.Mark, step.Wait = current, []string{v.Name}, WaitMark
	}
	return step
}

// victim is the gateway whose end costs least. One that is marked stays the victim while it is as good as any but for its
// connections, or the mark would wander with every client.
func victim(live []Gateway) Gateway {
	return slices.MinFunc(live, func(a, b Gateway) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), first(a.Marked, b.Marked),
			cmp.Compare(known(a.Connections), known(b.Connections)), cmp.Compare(a.Name, b.Name))
	})
}

func rank(g Gateway) int {
	switch {
	case g.Unschedulable:
		return 0
	case !g.Ready:
		return 1
	case g.Outdated:
		return 2
	}
	return 3
}

// first sorts what is true before what is not.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// known takes what is not known for many.
func known(connections int) int {
	if connections < 0 {
		return math.MaxInt
	}
	return connections
}

// marked are the names of those that carry the mark, but one.
func marked(live []Gateway, but string) []string {
	var names []string
	for _, g := range live {
		if g.Marked && g.Name != but {
			names = append(names, g.Name)
		}
	}
	slices.Sort(names)
	return names
}

func revisions(live []Gateway) int {
	seen := map[string]bool{}
	for _, g := range live {
		seen[g.Revision] = true
	}
	return len(seen)
}
