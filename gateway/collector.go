package gateway

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/starling-realtime/starling/gateway/rebalance"
)

// A collector reads gauges from the hub and the sessions once a scrape, so that they agree with each other.
type collector struct {
	g     *Gateway
	descs []*prometheus.Desc
	reads []func(*reading) float64
}

func newCollector(g *Gateway) *collector {
	c := &collector{g: g}
	for _, m := range []struct {
		name, help string
		read       func(*reading) float64
	}{
		{"connections", "Open client connections.", func(r *reading) float64 { return float64(r.connections) }},
		{"channels", "Live channels, on all gateways.", func(r *reading) float64 { return float64(r.hub.Channels) }},
		{"local_channels", "Channels with connections on this gateway.", func(r *reading) float64 { return float64(r.hub.LocalChannels) }},
		{"members", "Distinct members present, on all gateways.", func(r *reading) float64 { return float64(r.hub.Members) }},
		{"presence_entries", "Presence entries (channel, member, gateway), of all gateways.", func(r *reading) float64 {
			return float64(r.hub.PresenceEntries)
		}},
		{"local_presence_entries", "Presence entries of this gateway.", func(r *reading) float64 { return float64(r.hub.LocalEntries) }},
		{"joined_connections", "Connections in at least one channel.", func(r *reading) float64 { return float64(r.hub.Connections) }},
		{"ready", "1 while this gateway takes clients.", func(r *reading) float64 { return oneIf(r.ready) }},
		{"draining", "1 while this gateway drains.", func(r *reading) float64 { return oneIf(r.draining) }},
		{"drain_connections", "Open connections of a gateway that drains; 0 while none does.", func(r *reading) float64 {
			return oneIf(r.draining) * float64(r.connections)
		}},
		{"accept_waiting", "Upgrades that wait for their turn.", func(r *reading) float64 { return float64(r.waiting) }},
		{"accept_spare", "New connections a second that this gateway tells others it can take.", func(r *reading) float64 {
			return float64(r.load.AcceptPerSecond)
		}},
		{"headroom", "Connections more that this gateway tells others it can hold.", func(r *reading) float64 {
			return float64(r.load.Headroom)
		}},
		{"rebalance_excess", "Open connections above the mean of all gateways, with --rebalance.", func(r *reading) float64 {
			return float64(r.rebalance.Excess)
		}},
		{"rebalance_stopped", "1 while this gateway moves no connections, because that did not help.", func(r *reading) float64 {
			return oneIf(r.rebalance.State == string(rebalance.StateStopped))
		}},
	} {
		c.descs = append(c.descs, prometheus.NewDesc(namespace+"_"+m.name, m.help, nil, nil))
		c.reads = append(c.reads, m.read)
	}
	return c
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Describe implements [prometheus.Collector].
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		out <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *collector) Collect(out chan<- prometheus.Metric) {
	r := c.g.read()
	for i, d := range c.descs {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, c.reads[i](&r))
	}
}
