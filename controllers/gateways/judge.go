package gateways

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Reasons of the condition MeshConverged.
const (
	ReasonConverged   = "Converged"
	ReasonSplit       = "SplitMesh"
	ReasonGhost       = "GhostGateway"
	ReasonUnreachable = "GatewayUnreachable"
	ReasonNoGateways  = "NoGateways"
	ReasonSettling    = "Settling"
)

// maxNamed bounds how many faults a message names.
const maxNamed = 5

// A Target is a pod whose gateway is asked.
type Target struct {
	Pod     string
	Address string
	// Terminating pods need not answer, and nobody needs to see them.
	Terminating bool
}

// An Observation is a target and what it answered; Reading is nil if it did not.
type Observation struct {
	Target
	Reading *Reading
}

// A Verdict says whether the gateways see each other.
type Verdict struct {
	Status  metav1.ConditionStatus
	Reason  string
	Message string
}

// Judge compares who sees whom. Every gateway of a pod that is not terminating must be linked with every other in both directions,
// and none may hold anything of a gateway that is no pod's.
func Judge(all []Observation) Verdict {
	var live []Observation
	var silent []string
	for _, o := range all {
		switch {
		case o.Terminating:
		case o.Reading == nil:
			silent = append(silent, o.Pod)
		default:
			live = append(live, o)
		}
	}
	if len(live)+len(silent) == 0 {
		return Verdict{metav1.ConditionUnknown, ReasonNoGateways, "no gateway runs"}
	}
	if faults := unseen(live); len(faults) > 0 {
		return Verdict{metav1.ConditionFalse, ReasonSplit, list(faults)}
	}
	if faults := ghosts(live, all); len(faults) > 0 {
		return Verdict{metav1.ConditionFalse, ReasonGhost, list(faults)}
	}
	if len(silent) > 0 {
		return Verdict{metav1.ConditionUnknown, ReasonUnreachable, "no answer on the admin port from " + list(silent)}
	}
	if len(live) == 1 {
		return Verdict{metav1.ConditionTrue, ReasonConverged, "the only gateway has nobody to see"}
	}
	return Verdict{metav1.ConditionTrue, ReasonConverged, fmt.Sprintf("each of %d gateways sees every other", len(live))}
}

// unseen names pairs of which one does not see the other.
func unseen(live []Observation) []string {
	var faults []string
	for _, from := range live {
		for _, to := range live {
			if from.Pod != to.Pod && !slices.ContainsFunc(from.Reading.Peers, func(p Peer) bool {
				return p.Boot == to.Reading.Boot && p.LinkedIn && p.LinkedOut
			}) {
				faults = append(faults, from.Pod+" does not see "+to.Pod)
			}
		}
	}
	return faults
}

// ghosts names peers that are no pod's gateway. A peer that has left or is dead and holds nothing is only a memory.
func ghosts(live, all []Observation) []string {
	boots, silent := map[string]bool{}, map[string]bool{}
	for _, o := range all {
		if o.Reading == nil {
			silent[o.Pod] = true
		} else {
			boots[o.Reading.Boot] = true
		}
	}
	var faults []string
	for _, from := range live {
		for _, p := range from.Reading.Peers {
			memory := (p.State == "dead" || p.State == "leaving") && p.Entries == 0
			if !memory && !boots[p.Boot] && !silent[p.Node] {
				faults = append(faults, fmt.Sprintf("%s still sees %s (boot %s, %s), which is no pod's", from.Pod, p.Node, p.Boot, p.State))
			}
		}
	}
	return faults
}

func list(faults []string) string {
	faults = slices.Sorted(slices.Values(faults))
	if more := len(faults) - maxNamed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(faults[:maxNamed], ", "), more)
	}
	return strings.Join(faults, ", ")
}

// View returns the reading whose merged view is the best: of a gateway that is ready, with the most peers. It is nil if there is
// none.
func View(all []Observation) *Reading {
	var best *Reading
	rank := func(r *Reading) int {
		n := len(r.Peers)
		if r.Ready && !r.Draining {
			n += 1 << 16
		}
		return n
	}
	for _, o := range slices.SortedFunc(slices.Values(all), func(a, b Observation) int { return cmp.Compare(a.Pod, b.Pod) }) {
		if o.Reading != nil && (best == nil || rank(o.Reading) > rank(best)) {
			best = o.Reading
		}
	}
	return best
}
