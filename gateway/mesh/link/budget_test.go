package link

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestBudgets(t *testing.T) {
	n := startNode(t, bootB)
	const body = 100
	const cost = body + FrameOverhead
	s, e := newSender(t, n, bootB, func(c *SenderConfig) { c.StateBudget, c.PublishBudget = 3*cost, 2*cost })
	send := func(class Class) error {
		_, err := s.Enqueue(class, FirstKind, make([]byte, body))
		return err
	}
	for range 3 {
		require.NoError(t, send(ClassState))
	}
	require.ErrorIs(t, send(ClassState), ErrOverBudget)
	require.Equal(t, 3*cost, s.Pending(ClassState))
	require.Zero(t, s.Pending(ClassPublish), "the other class has its own")
	require.NoError(t, send(ClassPublish))
	require.NoError(t, send(ClassPublish))
	require.ErrorIs(t, send(ClassPublish), ErrOverBudget)

	seq, err := s.EnqueueForced(ClassState, FirstKind, make([]byte, body))
	require.NoError(t, err)
	require.Equal(t, uint64(6), seq, "what was refused has no number")
	require.Equal(t, 4*cost, s.Pending(ClassState))
	require.ErrorIs(t, send(ClassState), ErrOverBudget)

	s.Start()
	flush(t, s)
	require.Zero(t, s.Pending(ClassState))
	require.Zero(t, s.Pending(ClassPublish))
	for range 3 {
		require.NoError(t, send(ClassState))
	}
	flush(t, s)
	require.Len(t, n.handler.received(bootA), 9)
	require.Zero(t, count(e, &e.resets)())
}

// TestBudgetHoldsUntilTheHandlerHasApplied is what makes an acknowledgement worth something.
func TestBudgetHoldsUntilTheHandlerHasApplied(t *testing.T) {
	n := startNode(t, bootB)
	entered, release := make(chan struct{}), make(chan struct{})
	n.handler.onFrame = func(*Peer, Frame) error {
		close(entered)
		<-release
		return nil
	}
	s, _ := startSender(t, n, bootB, func(c *SenderConfig) { c.StateBudget = FrameOverhead })
	_, err := s.Enqueue(ClassState, FirstKind, nil)
	require.NoError(t, err)
	<-entered
	_, err = s.Enqueue(ClassState, FirstKind, nil)
	require.ErrorIs(t, err, ErrOverBudget)
	require.Zero(t, s.Acked())
	close(release)
	flush(t, s)
	require.Equal(t, uint64(1), s.Acked())
}

func TestResetReportsWhatWasLost(t *testing.T) {
	n := startNode(t, bootB)
	s, e := newSender(t, n, bootB)
	for range 3 {
		_, err := s.Enqueue(ClassState, FirstKind, nil)
		require.NoError(t, err)
	}
	_, err := s.Enqueue(ClassPublish, FirstKind, nil)
	require.NoError(t, err)
	s.Restart("test")
	s.Start()
	eventually(t, func() bool { return count(e, &e.resets)() == 1 }, "reset")
	require.Equal(t, Reset{Reason: "test", LostState: 3, LostPublish: 1}, e.resets[0])
	require.Zero(t, s.Pending(ClassState)+s.Pending(ClassPublish))
}

// TestRing compares the ring with a slice.
func TestRing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r ring
		var model []entry
		grow := rapid.IntRange(1, 3000).Draw(t, "grow")
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				for range rapid.IntRange(1, grow).Draw(t, "n") {
					e := entry{kind: Kind(len(model)), body: []byte{byte(len(model))}}
					r.push(e)
					model = append(model, e)
				}
			},
			"pop": func(t *rapid.T) {
				for range rapid.IntRange(0, len(model)).Draw(t, "n") {
					r.pop()
					model = model[1:]
				}
				r.shrink()
			},
			"": func(t *rapid.T) {
				if r.n != len(model) {
					t.Fatalf("%d entries, want %d", r.n, len(model))
				}
				for i := range model {
					if got := r.at(i); got.kind != model[i].kind || got.body[0] != model[i].body[0] {
						t.Fatalf("entry %d is %v, want %v", i, got, model[i])
					}
				}
			},
		})
	})
}

func TestRingGivesMemoryBack(t *testing.T) {
	var r ring
	for range 100_000 {
		r.push(entry{})
	}
	big := len(r.buf)
	for r.n > 0 {
		r.pop()
		r.shrink()
	}
	require.Greater(t, big, 100_000)
	require.LessOrEqual(t, len(r.buf), 16*minRing)
}
