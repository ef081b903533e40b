package mesh

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/gateway/mesh/transport"
	"github.com/starling-realtime/starling/hub"
)

// metrics are the mesh's counters; gauges are read from the mesh at each scrape by a collector.
type metrics struct {
	publishesOut, publishesIn, publishesDropped prometheus.Counter
	duplicates, keysDropped, gaps               prometheus.Counter
	deltasIn, bucketsIn, mismatches             prometheus.Counter
	linkResets, orphans                         prometheus.Counter
	partialJoins                                prometheus.Counter
	questions, answersRefused                   prometheus.Counter
	refused, streamsDropped, questionsFailed    *prometheus.CounterVec
	publishAck                                  prometheus.Histogram

	mu     sync.Mutex
	unseen map[hub.Boot]int
}

func newMetrics(m *Mesh, r prometheus.Registerer) *metrics {
	if r == nil {
		r = prometheus.NewRegistry()
	}
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Namespace: "starling", Subsystem: "mesh", Name: name, Help: help})
		r.MustRegister(c)
		return c
	}
	vector := func(name, help string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(
			prometheus.CounterOpts{Namespace: "starling", Subsystem: "mesh", Name: name, Help: help}, []string{"reason"})
		r.MustRegister(c)
		return c
	}
	ack := prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: "starling", Subsystem: "mesh", Name: "publish_ack_seconds",
		Help:    "Time from queueing a publish for a peer until the peer is known to have delivered it, of one publish of each link at a time.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	})
	r.MustRegister(ack)
	out := &metrics{
		publishAck:       ack,
		publishesOut:     counter("publishes_out_total", "Publishes queued for a peer, counted once a peer."),
		publishesIn:      counter("publishes_in_total", "Publishes received from peers."),
		publishesDropped: counter("publishes_dropped_total", "Publishes to a peer that were dropped; it was told of the gap."),
		duplicates:       counter("publish_duplicates_total", "Publishes of peers that repeat a key, not delivered."),
		keysDropped:      counter("publish_keys_dropped_total", "Publish keys that found no room on a link."),
		gaps:             counter("gaps_total", "Times that local connections were told that publishes of a peer may be lost."),
		deltasIn:         counter("deltas_in_total", "Changes of peers' presence and interest applied."),
		bucketsIn:        counter("buckets_in_total", "Buckets of peers' presence and interest applied as a whole."),
		mismatches:       counter("checkpoint_mismatches_total", "Checkpoints that differed from what is held of the peer."),
		linkResets:       counter("link_resets_total", "Link streams that had to begin anew."),
		orphans:          counter("orphans_total", "Times that a peer was lost and its entries were orphaned."),
		partialJoins:     counter("partial_joins_total", "Joins answered before every peer had applied the interest."),
		questions:        counter("questions_total", "Questions put to peers, counted once a peer."),
		answersRefused:   counter("answers_refused_total", "Questions of peers refused because of too many, or answers that found no room."),
		questionsFailed:  vector("questions_failed_total", "Questions to a peer that were not answered, by reason."),
		refused:          vector("refused_total", "Links and gossip that were refused or broken off, by reason."),
		streamsDropped:   vector("streams_dropped_total", "Inbound streams closed before they said what they are, by reason."),
		unseen:           make(map[hub.Boot]int),
	}
	r.MustRegister(&collector{mesh: m, metrics: out})
	return out
}

func (x *metrics) countRefusal(reason link.Reason, _ net.Addr, _ error) {
	x.refused.WithLabelValues(string(reason)).Inc()
}

// countReply counts a reply that is an error.
func (x *metrics) countReply(err error) {
	if err == nil {
		return
	}
	reason := "failed"
	for _, known := range []struct {
		err  error
		name string
	}{
		{ErrUnreachable, "unreachable"},
		{ErrCannotAnswer, "release"},
		{ErrUnknownKind, "unknown_kind"},
		{ErrBusy, "busy"},
		{ErrAskTooLarge, "too_large"},
		{context.DeadlineExceeded, "timeout"},
		{context.Canceled, "canceled"},
	} {
		if errors.Is(err, known.err) {
			reason = known.name
		}
	}
	x.questionsFailed.WithLabelValues(reason).Inc()
}

func (x *metrics) countDrop(reason transport.DropReason, _ net.Addr) {
	x.streamsDropped.WithLabelValues(string(reason)).Inc()
}

// setUnseen notes how many gateways a peer holds that are not linked here.
func (x *metrics) setUnseen(from hub.Boot, n int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if n == 0 {
		delete(x.unseen, from)
	} else {
		x.unseen[from] = n
	}
}

// maxUnseen is the largest number of unseen gateways that a present peer told of.
func (x *metrics) maxUnseen(peers map[hub.Boot]*peer) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	most := 0
	for from, n := range x.unseen {
		if peers[from] == nil {
			delete(x.unseen, from)
			continue
		}
		most = max(most, n)
	}
	return most
}

var (
	peersDesc  = prometheus.NewDesc("starling_mesh_peers", "Peers by state: live, orphan or none.", []string{"state"}, nil)
	linksDesc  = prometheus.NewDesc("starling_mesh_links", "Links that are up, by direction.", []string{"direction"}, nil)
	inStepDesc = prometheus.NewDesc("starling_mesh_peers_in_step", "Peers with which both sides hold each other's entries.", nil, nil)
	queueDesc  = prometheus.NewDesc("starling_mesh_queue_bytes", "Bytes queued for peers or not acknowledged, by class.",
		[]string{"class"}, nil)
	unseenDesc = prometheus.NewDesc("starling_mesh_unseen_peers",
		"Gateways that another peer is linked with and this one is not, by the peer that knows most.", nil, nil)
	resyncDesc = prometheus.NewDesc("starling_mesh_resyncs_total",
		"Buckets that fell out of step because a change found no room on a link.", nil, nil)
)

// A collector reads the mesh's gauges.
type collector struct {
	mesh    *Mesh
	metrics *metrics
}

// Describe implements [prometheus.Collector].
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{peersDesc, linksDesc, inStepDesc, queueDesc, unseenDesc, resyncDesc} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	states := map[string]int{"live": 0, "orphan": 0, "none": 0}
	var in, out, inStep, stateBytes, publishBytes int
	status := c.mesh.Status()
	for _, p := range status.Peers {
		states[p.State]++
		in += int(boolByte(p.LinkedIn))
		out += int(boolByte(p.LinkedOut))
		inStep += int(boolByte(p.InStep))
		stateBytes += p.StateBytes
		publishBytes += p.PublishBytes
	}
	for state, n := range states {
		gauge(peersDesc, n, state)
	}
	gauge(linksDesc, in, "in")
	gauge(linksDesc, out, "out")
	gauge(inStepDesc, inStep)
	gauge(queueDesc, stateBytes, "state")
	gauge(queueDesc, publishBytes, "publish")
	gauge(unseenDesc, c.metrics.maxUnseen(c.mesh.allPeers()))
	ch <- prometheus.MustNewConstMetric(resyncDesc, prometheus.CounterValue, float64(c.mesh.log.resyncs()))
}
