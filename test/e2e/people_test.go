//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// join adds a member at a gateway that accept takes; nil takes any.
func (w *world) join(t *testing.T, name string, stays bool, accept func(gateway string) bool) *member {
	t.Helper()
	m := newMember(name, stays, func() string { return *w.address.Load() })
	w.members = append(w.members, m)
	w.await(t, name+" is in the channel", func(context.Context) error { return m.enter(accept) })
	return m
}

// dismiss takes a member off the list and ends it.
func (w *world) dismiss(m *member) {
	m.leaveForGood()
	w.members = slices.DeleteFunc(w.members, func(other *member) bool { return other == m })
}

// travels counts how often members followed a reconnect, and how often a connection of theirs broke.
func (w *world) travels() (moves, breaks int) {
	for _, m := range w.members {
		m.mu.Lock()
		moves += m.moves
		breaks += m.breaks
		m.mu.Unlock()
	}
	return moves, breaks
}

// places tells where everybody is.
func (w *world) places() map[string]string {
	places := map[string]string{}
	for _, m := range w.members {
		places[m.name] = m.at()
	}
	return places
}

// awaitMoved waits until everybody has a connection to a gateway that ok takes.
func (w *world) awaitMoved(t *testing.T, what string, ok func(gateway string) bool) {
	t.Helper()
	w.await(t, what, func(context.Context) error {
		for name, gateway := range w.places() {
			if gateway == "" || !ok(gateway) {
				return fmt.Errorf("%s is at %q", name, gateway)
			}
		}
		return nil
	})
}

// marks is how many frames each member had.
type marks map[*member]int

func (w *world) mark() marks {
	m := marks{}
	for _, member := range w.members {
		m[member] = member.now()
	}
	return m
}

func leaveOf(name string) func(record) bool {
	return func(r record) bool { return r.Type == "presence:leave" && r.body().MemberID == name }
}

// requireNoFlicker fails if anybody saw a member leave or arrive since then, when all were there, or got a snapshot in which one of
// them was missing.
func (w *world) requireNoFlicker(t *testing.T, since marks) {
	t.Helper()
	w.requireLeaves(t, since, "", 0)
}

// requireOneLeave is the same, but for one stranger, whom everybody saw leave once.
func (w *world) requireOneLeave(t *testing.T, since marks, stranger string) {
	t.Helper()
	w.requireLeaves(t, since, stranger, 1)
}

func (w *world) requireLeaves(t *testing.T, since marks, stranger string, times int) {
	t.Helper()
	for observer, from := range since {
		leaves := 0
		for _, r := range observer.got(from, func(record) bool { return true }) {
			switch who := r.body().MemberID; {
			case r.Type == "presence:leave" && who == stranger:
				leaves++
			case (r.Type == "presence:leave" || r.Type == "presence:join") && who != stranger:
				t.Errorf("%s got %s of %s at %s from %s", observer.name, r.Type, who, r.at.Format(clockFormat), r.gateway)
			case r.Type == "presence:snapshot":
				for other := range since {
					if !slices.Contains(r.body().Members, other.name) {
						t.Errorf("%s did not see %s in the snapshot at %s of %s", observer.name, other.name, r.at.Format(clockFormat), r.gateway)
					}
				}
			}
		}
		if leaves != times {
			t.Errorf("%s saw %s leave %d times, want %d", observer.name, stranger, leaves, times)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

// awaitView waits until everybody sees exactly those who are there.
func (w *world) awaitView(t *testing.T) {
	t.Helper()
	everybody := slices.Sorted(maps.Keys(w.places()))
	w.await(t, "everybody sees everybody", func(context.Context) error {
		for _, m := range w.members {
			if view := m.view(); !slices.Equal(view, everybody) {
				return fmt.Errorf("%s at %s sees %v, and there are %v", m.name, m.at(), view, everybody)
			}
		}
		return nil
	})
}

// requireChat has everybody say something that everybody else must hear.
func (w *world) requireChat(t *testing.T) {
	t.Helper()
	since := w.mark()
	for _, m := range w.members {
		text := fmt.Sprintf("%s at %d", m.name, time.Now().UnixNano())
		w.await(t, m.name+" can speak", func(context.Context) error {
			return m.request("publish", map[string]any{"type": "message", "payload": map[string]any{"text": text}})
		})
		for _, other := range w.members {
			if other == m {
				continue
			}
			w.awaitFrame(t, other, since[other], fmt.Sprintf("message %q of %s", text, m.at()), func(r record) bool {
				return r.Type == "message" && r.From == m.name && r.body().Text == text
			})
		}
	}
}

// requireTyping has one member type until it stops by itself, and the others see both.
func (w *world) requireTyping(t *testing.T, m *member) {
	t.Helper()
	since := w.mark()
	require.NoError(t, m.request("typing", map[string]any{"typing": true}))
	for _, typing := range []bool{true, false} {
		for _, other := range w.members {
			if other == m {
				continue
			}
			w.awaitFrame(t, other, since[other], fmt.Sprintf("typing %v of %s", typing, m.name), func(r record) bool {
				b := r.body()
				return r.Type == "typing" && b.MemberID == m.name && b.Typing == typing
			})
		}
	}
}

// awaitFrame waits for the first frame that matches.
func (w *world) awaitFrame(t *testing.T, m *member, since int, what string, match func(record) bool) record {
	t.Helper()
	var found []record
	w.await(t, fmt.Sprintf("%s at %s gets %s", m.name, m.at(), what), func(context.Context) error {
		if found = m.got(since, match); len(found) == 0 {
			return fmt.Errorf("not among its last %d frames", m.now()-since)
		}
		return nil
	})
	return found[0]
}
