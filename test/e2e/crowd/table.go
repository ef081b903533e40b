package crowd

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// Table lists reports for people, a column each figure.
func Table(reports []Report) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(cells ...any) {
		for _, cell := range cells {
			_, _ = fmt.Fprintf(w, "%v\t", cell)
		}
		_, _ = fmt.Fprintln(w)
	}
	row("scenario", "s", "published", "delivered", "lost", "told lost", "twice", "disordered", "crossed", "false leaves", "false joins",
		"broken", "moved", "refused", "peak/s", "peak/s a gateway", "longest outage", "departures")
	for _, r := range reports {
		row(r.Scenario, int(r.Seconds), r.Published, r.Delivered, r.Lost, r.LostWithGap, r.Duplicates, r.OutOfOrder, r.Crossed,
			split(r.FalseLeaves, r.FalseLeavesBroken), split(r.FalseJoins, r.FalseJoinsBroken), r.Breaks, r.Moves, r.Refused,
			r.PeakPerSecond, r.PeakPerGateway, seconds(r.LongestOutage), r.Departures)
	}
	_ = w.Flush()
	return text.String() + "false leaves and joins: seen by clients that kept their connection or moved + by those whose connection broke\n"
}

func split(kept, broken int) string { return fmt.Sprintf("%d+%d", kept, broken) }

func seconds(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// String says how many leaves were seen, and when.
func (d Departures) String() string {
	if d.Expected == 0 {
		return "-"
	}
	return fmt.Sprintf("%d of %d once, %s to %s", d.Once, d.Expected, seconds(d.First), seconds(d.Last))
}
