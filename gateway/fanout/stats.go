package fanout

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Stats are what a pool did since it was made, and does now.
type Stats struct {
	// Frames were handed to the kernel.
	Frames uint64
	// SlowCloses are sockets closed because of what waited for them.
	SlowCloses uint64
	// Behind is how many sockets the kernel refuses now: see [Socket.Behind].
	Behind int
	Waits  Waits
}

// Stats reads the pool's figures. It is cheap, and safe for concurrent use.
func (p *Pool) Stats() Stats {
	m := p.metrics
	s := Stats{Frames: uint64(count(m.frames)), Behind: int(m.catchingUp.Load()), Waits: m.waits.read()}
	for _, r := range slowReasons() {
		s.SlowCloses += uint64(count(m.slowCloses.WithLabelValues(r.String())))
	}
	return s
}

func count(c prometheus.Counter) float64 {
	var out dto.Metric
	_ = c.Write(&out) // it fails for no counter
	return out.GetCounter().GetValue()
}

// Behind says whether the kernel refuses the socket's bytes, because its peer does not read, since when, and how many bytes wait.
func (s *Socket) Behind() (since time.Duration, bytes int, behind bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.owned || s.refusedSince == 0 {
		return 0, 0, false
	}
	return s.shard.pool.now().sub(s.refusedSince), s.queue.bytes, true
}
