package mesh

import (
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/hub"
)

// A sentFrame is a frame in a fakeSender's stream.
type sentFrame struct {
	class link.Class
	kind  link.Kind
	seq   uint64
	body  []byte
}

// A fakeSender is a link that goes nowhere: the test takes what was sent, and says what was acknowledged.
type fakeSender struct {
	mu sync.Mutex
	// budget bounds each class, in bytes as links count them; 0 is no bound.
	budget [2]int
	// resetting refuses frames as between the end of a stream and the return of OnReset.
	resetting bool
	closed    bool
	seq       uint64
	// unacked are the frames that were not acknowledged; the first taken of them were taken by the test.
	unacked []sentFrame
	taken   int
	pending [2]int
}

var _ frameSender = (*fakeSender)(nil)

func (s *fakeSender) Enqueue(class link.Class, kind link.Kind, body []byte) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return 0, link.ErrClosed
	case s.resetting:
		return 0, link.ErrReset
	case s.budget[class] > 0 && s.pending[class]+len(body)+link.FrameOverhead > s.budget[class]:
		return 0, link.ErrOverBudget
	}
	return s.add(class, kind, body), nil
}

func (s *fakeSender) EnqueueForced(class link.Class, kind link.Kind, body []byte) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, link.ErrClosed
	}
	return s.add(class, kind, body), nil
}

func (s *fakeSender) add(class link.Class, kind link.Kind, body []byte) uint64 {
	s.seq++
	s.pending[class] += len(body) + link.FrameOverhead
	s.unacked = append(s.unacked, sentFrame{class, kind, s.seq, body})
	return s.seq
}

func (s *fakeSender) Pending(class link.Class) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending[class]
}

// take returns up to n frames that were sent since the last call, all with a negative n.
func (s *fakeSender) take(n int) []sentFrame {
	s.mu.Lock()
	defer s.mu.Unlock()
	frames := s.unacked[s.taken:]
	if n >= 0 && len(frames) > n {
		frames = frames[:n]
	}
	s.taken += len(frames)
	return append([]sentFrame(nil), frames...)
}

// ack forgets the frames up to seq, which must have been taken, and returns seq.
func (s *fakeSender) ack(seq uint64) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < s.taken && s.unacked[n].seq <= seq {
		s.pending[s.unacked[n].class] -= len(s.unacked[n].body) + link.FrameOverhead
		n++
	}
	s.unacked, s.taken = s.unacked[n:], s.taken-n
	return seq
}

// ackAll acknowledges everything that was sent, and returns the last frame's number.
func (s *fakeSender) ackAll() uint64 {
	s.take(-1)
	s.mu.Lock()
	last := s.seq
	s.mu.Unlock()
	return s.ack(last)
}

// lastTaken is the number of the last frame that was taken, or 0.
func (s *fakeSender) lastTaken() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken == 0 {
		return s.seq - uint64(len(s.unacked))
	}
	return s.unacked[s.taken-1].seq
}

// beginReset throws the stream away; endReset is the return of OnReset.
func (s *fakeSender) beginReset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq, s.unacked, s.taken, s.pending, s.resetting = 0, nil, 0, [2]int{}, true
}

func (s *fakeSender) endReset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resetting = false
}

// kinds lists the frames' kinds.
func kinds(frames []sentFrame) []link.Kind {
	var out []link.Kind
	for _, f := range frames {
		out = append(out, f.kind)
	}
	return out
}

// A logReplicator lets a hub write to a log, and keeps where its publishes would go.
type logReplicator struct {
	log *presenceLog
	to  []hub.Boot
}

func (r *logReplicator) Append(d hub.Delta) uint64 {
	if r.log == nil {
		return 1
	}
	return r.log.append(d)
}

func (r *logReplicator) Forward(_ *hub.Event, _ hub.PublishOptions, to []hub.Boot) {
	r.to = append([]hub.Boot(nil), to...)
}

// counted returns a counter's value.
func counted(t testing.TB, c prometheus.Metric) int {
	t.Helper()
	var m dto.Metric
	require.NoError(t, c.Write(&m))
	return int(m.GetCounter().GetValue())
}
