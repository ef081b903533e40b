package client

import (
	"maps"
	"slices"
)

type names map[string]struct{}

func (n names) has(name string) bool { _, ok := n[name]; return ok }

func (n names) sorted() []string { return slices.Sorted(maps.Keys(n)) }

// merged is a set of members that one view describes, or two while the client moves: a member is in it when it is in any view. So
// a change that one gateway heard of before the other one is seen once, and nothing seems to go and come back.
//
// A view that ends leaves behind what only it had, because the other gateway may not have heard of it yet: see settle.
type merged struct {
	views map[*seat]names
	// held has members of views that have ended and that no view has.
	held names
	// all is what was reported: the union of the views and held.
	all names
}

func newMerged() merged {
	return merged{views: map[*seat]names{}, held: names{}, all: names{}}
}

func (m *merged) inView(name string) bool {
	for _, v := range m.views {
		if v.has(name) {
			return true
		}
	}
	return false
}

// reset replaces a view by a snapshot. If there was no view at all, the snapshot is the truth: nothing is held any more.
func (m *merged) reset(s *seat, list []string) (added, removed []string) {
	if len(m.views) == 0 {
		clear(m.held)
	}
	v := make(names, len(list))
	for _, name := range list {
		v[name] = struct{}{}
		delete(m.held, name)
	}
	m.views[s] = v
	for name := range v {
		if !m.all.has(name) {
			m.all[name] = struct{}{}
			added = append(added, name)
		}
	}
	slices.Sort(added)
	return added, m.sweep()
}

// add adds a member to a view and reports whether that changed the set. A view without a snapshot is none.
func (m *merged) add(s *seat, name string) bool {
	v, ok := m.views[s]
	if !ok {
		return false
	}
	v[name] = struct{}{}
	delete(m.held, name)
	if m.all.has(name) {
		return false
	}
	m.all[name] = struct{}{}
	return true
}

// remove removes a member from a view and reports whether that changed the set.
func (m *merged) remove(s *seat, name string) bool {
	v, ok := m.views[s]
	if !ok {
		return false
	}
	delete(v, name)
	delete(m.held, name) // whoever says that it left knows more than the view that has ended
	if !m.all.has(name) || m.inView(name) {
		return false
	}
	delete(m.all, name)
	return true
}

// drop ends a view. It reports whether members are held for which another view will have to settle what they are; when there is
// none, they are held until the next snapshot.
func (m *merged) drop(s *seat) (unsettled bool) {
	v, ok := m.views[s]
	if !ok {
		return false
	}
	delete(m.views, s)
	for name := range v {
		if !m.inView(name) {
			m.held[name] = struct{}{}
		}
	}
	return len(m.views) > 0 && len(m.held) > 0
}

// settle forgets who is held, if there is a view to know better, and returns who is gone by that.
func (m *merged) settle() (removed []string) {
	if len(m.views) == 0 {
		return nil
	}
	clear(m.held)
	return m.sweep()
}

// sweep removes from the set whom nothing holds in it.
func (m *merged) sweep() (removed []string) {
	for name := range m.all {
		if !m.held.has(name) && !m.inView(name) {
			delete(m.all, name)
			removed = append(removed, name)
		}
	}
	slices.Sort(removed)
	return removed
}

// forget removes a member from everything, without a word.
func (m *merged) forget(name string) {
	for _, v := range m.views {
		delete(v, name)
	}
	delete(m.held, name)
	delete(m.all, name)
}
