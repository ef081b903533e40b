package mesh

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/mesh/link"
)

// testBudget is the queues' budget in these tests, testBody a publish of which eight fit into it.
const testBudget = 8 * (100 + link.FrameOverhead)

func testBody() []byte { return make([]byte, 100) }

func newTestQueue(limit time.Duration) (*publishQueue, *fakeSender) {
	s := &fakeSender{budget: [2]int{0, testBudget}}
	q := newPublishQueue(s, testBudget, newPauseGate(limit), newMetrics(&Mesh{}, nil))
	return &q, s
}

// requireDropped says how many publishes were dropped.
func requireDropped(t *testing.T, q *publishQueue, n int) {
	t.Helper()
	require.Equal(t, n, counted(t, q.metrics.publishesDropped))
}

// takeGap returns the channels of the gap frame that must be the first frame.
func takeGap(t *testing.T, frames []sentFrame) []string {
	t.Helper()
	require.NotEmpty(t, frames)
	require.Equal(t, kindGap, frames[0].kind)
	require.Equal(t, link.ClassPublish, frames[0].class, "a gap keeps its place between publishes")
	g, err := parseGap(frames[0].body)
	require.NoError(t, err)
	return g.channels
}

func TestPublishesAreQueued(t *testing.T) {
	q, s := newTestQueue(time.Second)
	for range 3 {
		q.send("a", testBody(), "")
	}
	frames := s.take(-1)
	require.Equal(t, []link.Kind{kindPublish, kindPublish, kindPublish}, kinds(frames))
	require.Equal(t, link.ClassPublish, frames[0].class)
	requireDropped(t, q, 0)
	h, _ := q.pauses.current()
	require.Nil(t, h)
}

// One publish at a time is measured, from its queueing to the acknowledgement, with its trace as the exemplar.
func TestTheWayToAPeerIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, _ := newTestQueue(time.Second)
		q.send("a", testBody(), "")
		time.Sleep(3 * time.Millisecond)
		q.send("a", testBody(), "0af7651916cd43dd8448eb211c80319c") // another one is being measured
		q.acked(1)
		q.send("a", testBody(), "4bf92f3577b34da6a3ce929d0e0e4736")
		time.Sleep(20 * time.Millisecond)
		q.acked(2)
		q.acked(3)
		q.acked(3)
		q.send("a", testBody(), "")
		q.reset() // with the stream its numbers end
		q.acked(4)

		var out dto.Metric
		require.NoError(t, q.metrics.publishAck.Write(&out))
		require.EqualValues(t, 2, out.GetHistogram().GetSampleCount())
		require.InDelta(t, 0.023, out.GetHistogram().GetSampleSum(), 1e-9)
		var traces []string
		for _, b := range out.GetHistogram().GetBucket() {
			for _, label := range b.GetExemplar().GetLabel() {
				traces = append(traces, label.GetName()+"="+label.GetValue())
			}
		}
		require.Equal(t, []string{"trace_id=4bf92f3577b34da6a3ce929d0e0e4736"}, traces)
	})
}

func TestOverBudgetPublishesAreDroppedAndTold(t *testing.T) {
	q, s := newTestQueue(time.Second)
	for i := range 12 {
		q.send(fmt.Sprintf("c%d", i), testBody(), "")
	}
	requireDropped(t, q, 4)
	s.take(-1)
	half := s.ack(3)
	q.drained()
	require.Empty(t, s.take(-1), "the gap waits until the queue is half empty, or the next drop would need another one")
	require.EqualValues(t, 3, half)
	q.send("late", testBody(), "")
	requireDropped(t, q, 5)

	s.ack(4)
	q.drained()
	require.ElementsMatch(t, []string{"c8", "c9", "c10", "c11", "late"}, takeGap(t, s.take(-1)))
	q.send("a", testBody(), "")
	require.Equal(t, []link.Kind{kindPublish}, kinds(s.take(-1)))
	q.drained()
	require.Empty(t, s.take(-1), "told once")
}

// A gap comes before the publishes that follow it, also when nobody acknowledges anything meanwhile.
func TestGapPrecedesLaterPublishes(t *testing.T) {
	q, s := newTestQueue(time.Second)
	s.resetting = true
	q.send("a", testBody(), "")
	requireDropped(t, q, 1)
	s.resetting = false
	q.send("b", testBody(), "")
	frames := s.take(-1)
	require.Equal(t, []string{"a"}, takeGap(t, frames))
	require.Equal(t, []link.Kind{kindGap, kindPublish}, kinds(frames))
}

func TestManyDroppedChannelsStandForAll(t *testing.T) {
	q, s := newTestQueue(time.Second)
	for range 8 {
		q.send("full", testBody(), "")
	}
	for i := range maxGapChannels {
		q.send(fmt.Sprintf("c%d", i), testBody(), "")
	}
	q.send("c0", testBody(), "")
	require.False(t, q.allGaps)
	q.send("one more", testBody(), "")
	require.True(t, q.allGaps)
	s.ackAll()
	q.drained()
	require.Empty(t, takeGap(t, s.take(-1)))
	require.False(t, q.hasGaps())
}

func TestLostPublishesStandForAll(t *testing.T) {
	q, s := newTestQueue(time.Second)
	q.lose()
	requireDropped(t, q, 1)
	q.drained()
	require.Empty(t, takeGap(t, s.take(-1)))
}

func TestGapSurvivesARefusal(t *testing.T) {
	q, s := newTestQueue(time.Second)
	q.lose()
	s.closed = true
	q.drained()
	q.send("a", testBody(), "")
	require.True(t, q.hasGaps())
	s.closed = false
	q.drained()
	require.Empty(t, takeGap(t, s.take(-1)))
}

func TestResetForgetsGaps(t *testing.T) {
	q, s := newTestQueue(time.Minute)
	for range 12 {
		q.send("a", testBody(), "")
	}
	h, _ := q.pauses.current()
	require.NotNil(t, h)
	s.beginReset()
	q.reset()
	s.endReset()
	require.False(t, q.hasGaps(), "the new stream says that everything may be lost")
	h, _ = q.pauses.current()
	require.Nil(t, h)
	q.drained()
	require.Empty(t, s.take(-1))
}

func TestCongestionPausesPublishers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := newTestQueue(time.Second)
		m := &Mesh{pauses: q.pauses}
		start := time.Now()
		m.AwaitRoom(t.Context())
		require.Zero(t, time.Since(start), "nobody waits while there is room")
		for range 7 {
			q.send("a", testBody(), "")
		}
		var waiting sync.WaitGroup
		for range 3 {
			waiting.Go(func() { m.AwaitRoom(t.Context()) })
		}
		synctest.Wait()
		time.Sleep(300 * time.Millisecond)
		s.take(-1)
		s.ack(2)
		q.drained()
		synctest.Wait()
		h, left := q.pauses.current()
		require.NotNil(t, h, "five of eight are still over the low mark")
		require.Equal(t, 700*time.Millisecond, left)
		s.ack(3)
		q.drained()
		waiting.Wait()
		require.Equal(t, 300*time.Millisecond, time.Since(start))
		requireDropped(t, q, 0)
	})
}

func TestPauseHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, _ := newTestQueue(time.Second)
		m := &Mesh{pauses: q.pauses}
		for range 8 {
			q.send("a", testBody(), "")
		}
		start := time.Now()
		m.AwaitRoom(t.Context())
		require.Equal(t, time.Second, time.Since(start))
		m.AwaitRoom(t.Context())
		require.Equal(t, time.Second, time.Since(start), "after that publishers go on, and what finds no room is dropped")
		q.send("a", testBody(), "")
		requireDropped(t, q, 1)
		q.close()
		require.Empty(t, q.pauses.holds)
		q.close()
	})
}

// However many links are over their budgets, one after the other, a publisher waits for a second at most.
func TestPauseOfSeveralLinksHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := newPauseGate(time.Second)
		m := &Mesh{pauses: gate}
		defer gate.begin()()
		go func() {
			for range 5 {
				time.Sleep(600 * time.Millisecond)
				gate.begin()
			}
		}()
		start := time.Now()
		m.AwaitRoom(t.Context())
		require.LessOrEqual(t, time.Since(start), time.Second)
		synctest.Wait()
		time.Sleep(10 * time.Second)
	})
}

func TestPauseEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := newPauseGate(time.Hour)
		defer gate.begin()()
		m := &Mesh{pauses: gate}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		m.AwaitRoom(ctx)
		require.Equal(t, time.Minute, time.Since(start))
	})
}

// Publishers, acknowledgements and resets at the same time: nothing races, nothing is left behind.
func TestQueueUnderLoad(t *testing.T) {
	q, s := newTestQueue(time.Millisecond)
	var working sync.WaitGroup
	for i := range 4 {
		working.Go(func() {
			for range 500 {
				q.send(fmt.Sprintf("c%d", i), testBody(), "")
			}
		})
	}
	working.Go(func() {
		for range 500 {
			s.ackAll()
			q.drained()
		}
	})
	working.Go(func() {
		for range 20 {
			s.beginReset()
			q.reset()
			s.endReset()
		}
	})
	working.Wait()
	s.ackAll()
	q.drained()
	require.False(t, q.hasGaps())
	require.Empty(t, q.pauses.holds)
}
