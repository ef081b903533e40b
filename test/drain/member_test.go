package drain

import (
	"context"
	"fmt"
	"maps"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/client"
)

// A member is a client that notes everything that it should not see, and what it was sent.
type member struct {
	name string
	c    *client.Client
	room *client.Channel

	mu     sync.Mutex
	faults []string
	// partial says that a join was answered before every gateway had confirmed it, as on a machine that is very busy: the member
	// was told, and may have missed something.
	partial bool
	got     map[string]int // messages by their payload
}

type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// connect makes so many members, each in one of the rooms, connected at first through one way and later through the other.
func (w *world) connect(count, rooms int, first, later dialer) []*member {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	members := make([]*member, count)
	var group sync.WaitGroup
	for i := range members {
		m := &member{name: fmt.Sprintf("m%d", w.members.Add(1)), got: make(map[string]int)}
		members[i] = m
		group.Go(func() {
			var once sync.Once
			dial := func(ctx context.Context, network, address string) (net.Conn, error) {
				way := later
				once.Do(func() { way = first })
				return way(ctx, network, address)
			}
			c, err := client.Connect(ctx, "ws://starling.invalid/ws", client.Options{
				Member: m.name, DialContext: dial, Backoff: client.Backoff{First: 10 * time.Millisecond, Max: time.Second},
			})
			if err != nil {
				w.t.Errorf("connecting %s: %v", m.name, err)
				return
			}
			m.c = c
			w.t.Cleanup(func() { _ = c.Close() })
			room, err := c.Join(ctx, fmt.Sprintf("room%d", i%rooms), client.JoinOptions{OnEvent: m.see})
			if err != nil {
				w.t.Errorf("joining with %s: %v", m.name, err)
			}
			m.room = room
		})
	}
	group.Wait()
	if w.t.Failed() {
		w.t.FailNow()
	}
	return members
}

func (m *member) see(e client.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch e := e.(type) {
	case client.Message:
		m.got[string(e.Payload)]++
	case client.Presence:
		if len(e.Left) > 0 {
			m.faults = append(m.faults, fmt.Sprintf("%v left", e.Left))
		}
	case client.Gap:
		if e.Cause == client.GapPartial {
			m.partial = true
			return
		}
		m.faults = append(m.faults, fmt.Sprintf("gap: %s %s", e.Cause, e.Gateway))
	case client.Ended:
		m.faults = append(m.faults, fmt.Sprintf("ended: %v", e.Err))
	}
}

// noted returns the faults and the messages so far.
func (m *member) noted() (faults []string, got map[string]int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.faults...), maps.Clone(m.got)
}

func (m *member) isPartial() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.partial
}

// requireUndisturbed fails if a member saw somebody leave, or a gap, or lost its connection otherwise than by moving.
func requireUndisturbed(t *testing.T, members []*member) (moves int) {
	t.Helper()
	for _, m := range members {
		faults, _ := m.noted()
		require.Empty(t, faults, m.name)
		stats := m.c.Stats()
		require.Zero(t, stats.Breaks, m.name)
		moves += int(stats.Moves)
	}
	return moves
}

// A speaker publishes numbers to its room until it is stopped.
type speaker struct {
	*member
	stop chan struct{}
	done chan struct{}
	said []string
}

func (m *member) speak(t *testing.T) *speaker {
	s := &speaker{member: m, stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		for n := 0; ; n++ {
			select {
			case <-s.stop:
				return
			case <-time.After(100 * time.Millisecond):
			}
			text := fmt.Sprintf("%s-%d", m.name, n)
			if err := m.publish(text); err != nil {
				t.Errorf("%s publishing: %v", m.name, err)
				return
			}
			s.said = append(s.said, fmt.Sprintf("%q", text))
		}
	}()
	return s
}

func (m *member) publish(text string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := m.room.Publish(ctx, "m", text, client.PublishOptions{})
	return err
}

// requireHeardOnce waits until everybody else in the rooms has heard all that was said, and fails if somebody heard something twice.
func requireHeardOnce(t *testing.T, members []*member, speakers []*speaker) {
	t.Helper()
	for _, s := range speakers {
		close(s.stop)
		<-s.done
		require.NotEmpty(t, s.said)
	}
	for _, m := range members {
		for _, s := range speakers {
			if m == s.member || m.room.Name() != s.room.Name() {
				continue
			}
			eventually(t, func() bool {
				faults, got := m.noted()
				if len(faults) > 0 || m.isPartial() {
					return true
				}
				for _, text := range s.said {
					if got[text] == 0 {
						return false
					}
				}
				return true
			}, fmt.Sprintf("%s has heard all of %s", m.name, s.name))
		}
		faults, got := m.noted()
		require.Empty(t, faults, m.name)
		for text, times := range got {
			require.Equal(t, 1, times, "%s heard %s", m.name, text)
		}
	}
}
