package localcluster

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"
)

func (c *cluster) event(format string, args ...any) { c.opts.View.Event(fmt.Sprintf(format, args...)) }

// show gives the view all gateways, and announces the address once it can be opened.
func (c *cluster) show() {
	c.showing.Lock()
	defer c.showing.Unlock()
	gateways := make([]Gateway, len(c.slots))
	ready := 0
	for i, s := range c.slots {
		gateways[i] = s.snapshot()
		if gateways[i].State == StateReady {
			ready++
		}
	}
	c.opts.View.Update(gateways)
	enough := ready == len(c.slots) || ready > 0 && time.Since(c.started) > latestAnnouncement
	if enough && !c.announced {
		c.announced = true
		c.announce(ready)
	}
}

func (c *cluster) announce(ready int) {
	c.event("%d of %d gateways are ready; clients connect to ws://%s/ws", ready, len(c.slots), c.address)
	if c.opts.Demo {
		c.event("open http://%s/", c.address)
	}
}

// Reachable returns the address at which this machine reaches a listener: one that listens everywhere is at 127.0.0.1.
func Reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// An eventWriter shows each line as an event.
type eventWriter struct{ view View }

// Write takes whole lines.
func (w eventWriter) Write(p []byte) (int, error) {
	w.view.Event(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// withoutTime drops the time of a record: events get their own.
func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
