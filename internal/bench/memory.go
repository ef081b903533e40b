package bench

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/starling-realtime/starling/internal/bench/proc"
)

// begin notes what is known before the first connection.
func (r *run) begin() {
	r.report.describe(r.Options)
	r.base, _ = r.usage()
	if len(r.Server.PIDs) == 0 {
		r.report.Unknown = append(r.report.Unknown, "what the server costs: name its processes with --pid, or let it be started here")
	} else if _, err := proc.Read(r.Server.PIDs[0]); err != nil {
		r.report.Unknown = append(r.report.Unknown, "what the server costs: "+err.Error())
	}
}

// usage sums up the server's processes; false: not known.
func (r *run) usage() (sum proc.Usage, known bool) {
	for _, pid := range r.Server.PIDs {
		u, err := proc.Read(pid)
		if err != nil {
			return proc.Usage{}, false
		}
		sum = sum.Add(u)
	}
	return sum, len(r.Server.PIDs) > 0
}

// memory looks at the memory once things have settled.
func (r *run) memory(ctx context.Context, s *Scenario) error {
	if s.Settle > 0 && s.Probe == nil {
		r.say("letting %d connections rest for %s", r.report.Connections, s.Settle)
		if err := rest(ctx, s.Settle); err != nil {
			return err
		}
	}
	now, known := r.usage()
	if !known {
		return nil
	}
	r.report.Memory = &Memory{
		Before: r.base.RSS, After: now.RSS, PerConnection: per(now.RSS-r.base.RSS, r.report.Connections),
	}
	if s.Entries > 0 {
		r.entries(s)
	}
	if s.AfterGC {
		return r.afterGC(ctx)
	}
	return nil
}

// entries divides what a remote gateway's memory grew by, which held nothing before.
func (r *run) entries(s *Scenario) {
	if len(r.Server.PIDs) != len(r.Server.Addresses) || len(r.Server.PIDs) < 2 {
		return
	}
	u, err := proc.Read(r.Server.PIDs[1])
	if err != nil {
		return
	}
	r.report.Memory.PerEntry = per(u.RSS-r.base.RSS/int64(len(r.Server.PIDs)), s.Entries)
}

func per(bytes int64, n int) float64 { return float64(bytes) / float64(max(1, n)) }

// collectionTimeout is longer than the two minutes after which the Go runtime collects in any case.
const collectionTimeout = 150 * time.Second

// afterGC waits until every gateway has collected garbage, and looks again.
func (r *run) afterGC(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, collectionTimeout)
	defer cancel()
	before := map[string]string{}
	for _, a := range r.Server.Admin {
		before[a] = collections(ctx, a)
	}
	for _, a := range r.Server.Admin {
		r.say("waiting up to %s until the gateways collect garbage by themselves", collectionTimeout)
		for collections(ctx, a) == before[a] {
			if err := rest(ctx, time.Second); err != nil {
				if errors.Is(err, context.DeadlineExceeded) {
					r.report.Unknown = append(r.report.Unknown, "memory after a collection: there was none")
					return nil
				}
				return err
			}
		}
	}
	now, known := r.usage()
	if known {
		r.report.Memory.AfterGC = per(now.RSS-r.base.RSS, r.report.Connections)
	}
	return nil
}

// collections returns how many there were, as the gateway's metrics spell it.
func collections(ctx context.Context, admin string) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/metrics", nil)
	if err != nil {
		return ""
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return ""
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if n, ok := strings.CutPrefix(lines.Text(), "go_gc_duration_seconds_count "); ok {
			return n
		}
	}
	return ""
}
