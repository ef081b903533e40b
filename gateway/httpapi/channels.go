package httpapi

import (
	"errors"
	"net/http"

	"github.com/starling-realtime/starling/hub"
)

func channelOperations() []operation {
	return []operation{
		{"listChannels", http.MethodGet, "/v1/channels", (*API).listChannels},
		{"getChannel", http.MethodGet, "/v1/channels/{channel}", (*API).getChannel},
		{"listMembers", http.MethodGet, "/v1/channels/{channel}/members", (*API).listMembers},
	}
}

func (a *API) listChannels(c *call) (any, error) {
	if err := c.onlyParameters("prefix", "limit", "cursor"); err != nil {
		return nil, err
	}
	after, limit, err := c.page()
	if err != nil {
		return nil, err
	}
	prefix := c.URL.Query().Get("prefix")
	if len(prefix) > hub.MaxNameBytes {
		return nil, &Problem{Code: CodeBadRequest, Parameter: "prefix", Detail: "prefix is longer than any channel's name"}
	}
	list, err := a.opts.Backend.Channels(c.Context(), prefix, after, limit)
	if err != nil {
		return nil, err
	}
	if list.More && len(list.Channels) > 0 {
		list.Next = cursor(list.Channels[len(list.Channels)-1].Name)
	}
	return list, nil
}

func (a *API) getChannel(c *call) (any, error) {
	name, err := c.pathName("channel", "channel")
	if err := errors.Join(err, c.onlyParameters()); err != nil {
		return nil, err
	}
	return a.opts.Backend.Channel(c.Context(), name)
}

func (a *API) listMembers(c *call) (any, error) {
	name, err := c.pathName("channel", "channel")
	if err := errors.Join(err, c.onlyParameters("limit", "cursor")); err != nil {
		return nil, err
	}
	after, limit, err := c.page()
	if err != nil {
		return nil, err
	}
	list, err := a.opts.Backend.Members(c.Context(), name, after, limit)
	if err != nil {
		return nil, err
	}
	if list.More && len(list.Members) > 0 {
		list.Next = cursor(list.Members[len(list.Members)-1])
	}
	return list, nil
}
