package gateway

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/gateway/ratelimit"
)

// rates are the bounds on what happens in a second that connections share. Those that are not set are nil, and cost nothing.
type rates struct {
	members   *ratelimit.Keyed[string]
	channels  *ratelimit.Keyed[string]
	addresses *ratelimit.Keyed[netip.Addr]
}

func newRates(l Limits, hit func(bound string)) rates {
	options := func(r Rate) ratelimit.Options {
		return ratelimit.Options{
			PerSecond: r.PerSecond, Burst: r.Burst, Most: l.RateLimiters, OnEvict: func() { hit("max-rate-limiters") },
		}
	}
	return rates{
		members:   ratelimit.New[string](options(l.MessagesPerMember)),
		channels:  ratelimit.New[string](options(l.MessagesPerChannel)),
		addresses: ratelimit.New[netip.Addr](options(Rate{l.AcceptPerSecondPerAddress, l.AcceptBurstPerAddress})),
	}
}

// collector shows how many keys the limiters hold.
func (r *rates) collector() prometheus.Collector {
	return &limiterCollector{
		desc: prometheus.NewDesc(namespace+"_rate_limiters", "Members, channels and addresses whose rates are remembered.", []string{"of"}, nil),
		read: map[string]func() int{"member": r.members.Len, "channel": r.channels.Len, "address": r.addresses.Len},
	}
}

type limiterCollector struct {
	desc *prometheus.Desc
	read map[string]func() int
}

// Describe implements [prometheus.Collector].
func (c *limiterCollector) Describe(out chan<- *prometheus.Desc) { out <- c.desc }

// Collect implements [prometheus.Collector].
func (c *limiterCollector) Collect(out chan<- prometheus.Metric) {
	for of, n := range c.read {
		out <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, float64(n()), of)
	}
}

// mayMessage says no to what others would get too often: from this connection, from its member or in the channel. What a later one
// of these refuses has counted for the ones before, so that hammering at a busy channel is no way to spend nothing.
func (s *session) mayMessage(channel string) *protocol.Error {
	if l := &s.g.cfg.Limits.MessagesPerConnection; l.PerSecond > 0 {
		if waitMs := s.messages.take(s.g.clock(), l.burst(), l.PerSecond); waitMs > 0 {
			return s.exceeds("messages-per-second-per-connection", "this connection sends", waitMs)
		}
	}
	r := &s.g.rates
	if r.members == nil && r.channels == nil {
		return nil
	}
	now := time.Now()
	if wait := r.members.Take(s.member, now); wait > 0 {
		return s.exceeds("messages-per-second-per-member", "this member sends", spreadMs(wait))
	}
	if wait := r.channels.Take(channel, now); wait > 0 {
		return s.exceeds("messages-per-second-per-channel", "the members of this channel send", spreadMs(wait))
	}
	return nil
}

// exceeds is tooOften for bounds that are not the gateway's as a whole. It notes whether the client was told to wait before, and did
// not: see noteAbuse.
func (s *session) exceeds(bound, who string, waitMs int64) *protocol.Error {
	now := s.g.clock()
	s.tooSoon = now < s.told
	s.told = now + waitMs
	return s.tooOften(bound, who, waitMs)
}

// leastSpread is over what time those who are refused by a bound that they share are told to come back, at least.
const leastSpread = 100 * time.Millisecond

// spreadMs is when to try again what a bound has refused that connections share. They must not come back in step: only one would be
// let through.
func spreadMs(wait time.Duration) int64 {
	return (wait + rand.N(max(wait, leastSpread))).Milliseconds() + 1
}
