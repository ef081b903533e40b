package overview

import "sync"

// HistorySteps is how many steps a [History] keeps: of five seconds each they are ten minutes.
const HistorySteps = 120

// A History keeps the latest steps. The zero value is empty; it is safe for concurrent use.
type History struct {
	mu    sync.Mutex
	steps [HistorySteps]Step
	next  int
	full  bool
}

// Add keeps a step in place of the oldest one.
func (h *History) Add(s Step) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.steps[h.next] = s
	h.next++
	if h.next == HistorySteps {
		h.next, h.full = 0, true
	}
}

// Since returns the steps that ended after a time in Unix seconds, the oldest first.
func (h *History) Since(at int64) []Step {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []Step
	take := func(steps []Step) {
		for _, s := range steps {
			if s.At > at {
				out = append(out, s)
			}
		}
	}
	if h.full {
		take(h.steps[h.next:])
	}
	take(h.steps[:h.next])
	return out
}

// Last returns the latest step, or nil.
func (h *History) Last() *Step {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.next == 0 && !h.full {
		return nil
	}
	last := h.steps[(h.next+HistorySteps-1)%HistorySteps]
	return &last
}
