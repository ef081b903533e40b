package httpapi

import (
	"errors"
	"net/http"
	"strings"
	"unicode"

	"github.com/starling-realtime/starling/hub"
)

func memberOperations() []operation {
	return []operation{
		{"getMember", http.MethodGet, "/v1/members/{member}", (*API).getMember},
		{"disconnectMember", http.MethodPost, "/v1/members/{member}/disconnect", (*API).disconnect},
		{"sendToMember", http.MethodPost, "/v1/members/{member}/send", (*API).send},
	}
}

func (a *API) getMember(c *call) (any, error) {
	member, err := c.pathName("member", "member id")
	if err := errors.Join(err, c.onlyParameters()); err != nil {
		return nil, err
	}
	return a.opts.Backend.Member(c.Context(), member)
}

// MaxReasonBytes bounds the reason of a disconnect: it travels in a close frame.
const MaxReasonBytes = 100

type disconnectRequest struct {
	Reason string `json:"reason"`
}

func (a *API) disconnect(c *call) (any, error) {
	member, err := c.pathName("member", "member id")
	if err := errors.Join(err, c.onlyParameters()); err != nil {
		return nil, err
	}
	var body disconnectRequest
	if c.ContentLength != 0 {
		if err := c.decode(&body); err != nil {
			return nil, err
		}
	}
	if len(body.Reason) > MaxReasonBytes || strings.ContainsFunc(body.Reason, unicode.IsControl) {
		return nil, &Problem{
			Code: CodeBadRequest, Pointer: "/reason", Detail: "the reason may have at most 100 bytes, and no control characters: clients see it",
		}
	}
	result, err := a.opts.Backend.Disconnect(c.Context(), member, body.Reason)
	if err != nil {
		return nil, err
	}
	a.logger.Info("member disconnected by the api", "member", member, "key", c.caller.Key, "connections", result.Disconnected,
		"reason", body.Reason, "missing", len(result.Missing))
	return result, nil
}

func (a *API) send(c *call) (any, error) {
	member, err := c.pathName("member", "member id")
	if err != nil {
		return nil, err
	}
	var body Direct
	if err := errors.Join(c.onlyParameters(), c.readKey(), c.decode(&body)); err != nil {
		return nil, err
	}
	if err := c.checkEvent(body.Type, body.Payload, body.From, ""); err != nil {
		return nil, err
	}
	if body.Channel != "" {
		if err := hub.CheckName("channel", body.Channel); err != nil {
			return nil, &Problem{Code: CodeBadRequest, Pointer: "/channel", Detail: err.Error()}
		}
	}
	return a.opts.Backend.Send(c.Context(), c.caller, member, body)
}
