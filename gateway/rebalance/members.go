package rebalance

import "time"

// members are the other gateways as they were at the last look.
type members struct {
	ids map[string]bool
	// steady is since when they are the same and all serve; zero: they do not.
	steady time.Time
}

// changed notes the gateways and says whether they are others than at the last look.
func (m *members) changed(others []Gateway) bool {
	same := len(others) == len(m.ids)
	for _, g := range others {
		same = same && m.ids[g.ID]
	}
	if same {
		return false
	}
	m.ids = make(map[string]bool, len(others))
	for _, g := range others {
		m.ids[g.ID] = true
	}
	m.steady = time.Time{}
	return true
}

// unsteady says why nobody is to move now, or nothing.
func (m *members) unsteady(now time.Time, v View, least time.Duration) string {
	reason := notServing(v)
	switch {
	case reason != "":
		m.steady = time.Time{}
		return reason
	case m.steady.IsZero():
		m.steady = now
	}
	if now.Sub(m.steady) < least {
		return "gateways have come, gone or drained a short while ago"
	}
	return ""
}

func notServing(v View) string {
	switch {
	case !v.Ready:
		return "this gateway is not ready, or drains"
	case len(v.Others) == 0:
		return "there is no other gateway"
	}
	for _, g := range v.Others {
		if !g.Serves {
			return "another gateway starts, drains or is not in step"
		}
	}
	return ""
}
