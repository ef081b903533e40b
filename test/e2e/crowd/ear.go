package crowd

import (
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/starling-realtime/starling/client"
)

// ear is what one client heard since its mark.
type ear struct {
	mu      sync.Mutex
	moving  func() bool    // whether the listener may be reading two connections
	heard   map[int]int    // how often each number came
	highest map[string]int // number of each of the publisher's gateways
	last    int            // the highest of all
	wrong   int            // numbers after a higher one of the same gateway
	crossed int            // after a higher one of another gateway, across the publisher's move
	gaps    []time.Time
	causes  map[client.GapCause]int
	left    map[string][]time.Time
	joined  map[string]int
	present map[string]bool // who is in the channel, by what was heard; a mark forgets none
	bad     int
}

func newEar(moving func() bool) *ear {
	e := &ear{moving: moving, highest: map[string]int{}, present: map[string]bool{}, last: -1}
	e.mark()
	return e
}

// hear is called for one event at a time.
func (e *ear) hear(event client.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch event := event.(type) {
	case client.Message:
		var s said
		if event.Type != messageType || json.Unmarshal(event.Payload, &s) != nil {
			e.bad++
			return
		}
		e.number(s.Number, event.MID)
	case client.Presence:
		e.presence(event)
	case client.Gap:
		e.gaps = append(e.gaps, time.Now())
		e.causes[event.Cause]++
	case client.Ended:
		e.bad++
	}
}

func (e *ear) presence(event client.Presence) {
	for _, member := range event.Left {
		delete(e.present, member)
	}
	for _, member := range event.Joined {
		e.present[member] = true
	}
	if event.Initial {
		return
	}
	for _, member := range event.Left {
		e.left[member] = append(e.left[member], time.Now())
	}
	for _, member := range event.Joined {
		e.joined[member]++
	}
}

// sees counts who is in the channel by the events that were heard. The client's own count is ahead of them.
func (e *ear) sees() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.present)
}

// number notes what was said. Numbers rise by one with each publish, and each was accepted before the next was sent. A message id
// begins with what names the life of the gateway that accepted it.
func (e *ear) number(number int, mid string) {
	e.heard[number]++
	if e.heard[number] > 1 {
		return
	}
	gateway, _, _ := strings.Cut(mid, "-")
	highest, known := e.highest[gateway]
	switch {
	case known && number < highest && !e.moving():
		e.wrong++
	case number < e.last:
		e.crossed++
	}
	e.highest[gateway] = max(highest, number)
	e.last = max(e.last, number)
}

// mark forgets what was heard, but not in which order numbers rise.
func (e *ear) mark() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard, e.causes, e.left, e.joined = map[int]int{}, map[client.GapCause]int{}, map[string][]time.Time{}, map[string]int{}
	e.wrong, e.crossed, e.bad, e.gaps = 0, 0, 0, nil
}

// warned says whether a gap after that moment covers what was published at it.
func (e *ear) warned(published time.Time) bool {
	const grace = 500 * time.Millisecond // the answer to a publish may come a little after a gap that it caused
	for _, at := range e.gaps {
		if at.After(published.Add(-grace)) {
			return true
		}
	}
	return false
}
