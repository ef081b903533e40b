package gateway

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/starling-realtime/starling/gateway/overview"
	"github.com/starling-realtime/starling/gateway/ui"
	"github.com/starling-realtime/starling/hub"
)

// Bounds of a question about channels.
const (
	defaultChannels = 50
	mostChannels    = 200
	mostSearch      = 200
)

// dashboard adds the dashboard and its data to the admin side.
func (g *Gateway) dashboard(mux *http.ServeMux) {
	mux.Handle("/ui/", ui.Handler())
	view := func(pattern string, handler http.HandlerFunc) { mux.Handle(pattern, g.onlyViewers(handler)) }
	view("GET /ui/api/overview", g.getOverview)
	view("GET /ui/api/channels", g.getChannels)
	view("GET /ui/api/channel", g.getChannel)
	g.dashboardActions(mux)
}

// getOverview answers with the cluster, and the steps of its history after ?since=, in Unix seconds.
func (g *Gateway) getOverview(w http.ResponseWriter, r *http.Request) {
	since := int64(0)
	if text := r.URL.Query().Get("since"); text != "" {
		var err error
		if since, err = strconv.ParseInt(text, 10, 64); err != nil {
			refuseView(w, http.StatusBadRequest, "since is "+strconv.Quote(text)+", want a time in Unix seconds")
			return
		}
	}
	o, err := g.overview(r.Context(), since)
	if err != nil {
		refuseView(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	writeJSON(w, http.StatusOK, o)
}

// getChannels answers with the largest channels, at most ?limit= of those whose names contain ?search=, whatever the case.
func (g *Gateway) getChannels(w http.ResponseWriter, r *http.Request) {
	query, limit := r.URL.Query(), defaultChannels
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > mostChannels {
			refuseView(w, http.StatusBadRequest, "limit is "+strconv.Quote(text)+", want 1 to "+strconv.Itoa(mostChannels))
			return
		}
		limit = n
	}
	search := query.Get("search")
	if len(search) > mostSearch {
		refuseView(w, http.StatusBadRequest, "search is "+strconv.Itoa(len(search))+" bytes long, want at most "+strconv.Itoa(mostSearch))
		return
	}
	top, matching := g.hub.Largest(limit, containing(search))
	out := overview.Channels{Matching: matching, Channels: make([]overview.Channel, 0, len(top))}
	for _, c := range top {
		out.Channels = append(out.Channels, overview.Channel{
			Name: c.Channel, Members: c.Members, Typing: c.Typing, Connections: c.Connections,
		})
	}
	writeJSON(w, http.StatusOK, out)
}

// containing returns a match for names that contain a text, in upper or lower case; nil, which matches all, for none.
func containing(text string) func(string) bool {
	if text == "" {
		return nil
	}
	text = strings.ToLower(text)
	return func(name string) bool { return strings.Contains(strings.ToLower(name), text) }
}

// getChannel answers with who is in the channel ?name=. A query and not a path, in which channels named "." or ".." could not be.
func (g *Gateway) getChannel(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	if err := hub.CheckName("channel", name); err != nil {
		refuseView(w, http.StatusBadRequest, err.Error())
		return
	}
	s := g.hub.Snapshot(name)
	slices.Sort(s.Members)
	slices.Sort(s.Typing)
	writeJSON(w, http.StatusOK, overview.ChannelDetail{
		Name: name, MemberCount: s.MemberCount, Truncated: s.Truncated, Connections: g.hub.ConnectionCount(name),
		Members: append([]string{}, s.Members...), Typing: append([]string{}, s.Typing...),
	})
}
