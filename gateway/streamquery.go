package gateway

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/starling-realtime/starling/hub"
)

// A streamQuery is what an event stream is asked for.
type streamQuery struct {
	channels []streamChannel
	// resumes says that the client had a stream before, and so may have missed something.
	resumes bool
}

type streamChannel struct {
	name     string
	presence hub.PresenceMode
}

// parseStreamQuery reads the address and the headers of a request. A client without channels is only greeted.
func parseStreamQuery(r *http.Request) (streamQuery, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return streamQuery{}, fmt.Errorf("the query cannot be read: percent-encode what is in it")
	}
	q := streamQuery{resumes: r.Header.Get("Last-Event-ID") != "" || query.Get("lastEventId") != ""}
	names, modes := query["channel"], query["presence"]
	if len(modes) > 1 && len(modes) != len(names) {
		return streamQuery{}, fmt.Errorf("presence is given %d times and channel %d times: once for all, or once for each, is right",
			len(modes), len(names))
	}
	for i, name := range names {
		if err := hub.CheckName("channel", name); err != nil {
			return streamQuery{}, fmt.Errorf("channel %d: %w", i+1, err)
		}
		c := streamChannel{name: name}
		if len(modes) > 0 {
			if c.presence, err = parsePresence(modes[min(i, len(modes)-1)]); err != nil {
				return streamQuery{}, err
			}
		}
		if slices.ContainsFunc(q.channels, func(o streamChannel) bool { return o.name == name }) {
			return streamQuery{}, fmt.Errorf("channel %q is given twice: once is right", name)
		}
		q.channels = append(q.channels, c)
	}
	return q, nil
}

func parsePresence(text string) (hub.PresenceMode, error) {
	for _, mode := range []hub.PresenceMode{hub.PresenceFull, hub.PresenceCount, hub.PresenceNone} {
		if mode.String() == text {
			return mode, nil
		}
	}
	return 0, fmt.Errorf("presence is %.20q: full, count or none is right", text)
}
