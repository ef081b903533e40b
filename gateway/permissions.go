package gateway

import (
	"fmt"
	"os"
	"strings"

	"github.com/starling-realtime/starling/gateway/auth"
	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/hub"
)

// validateRules checks rules that are in the flag itself; a file is read when the gateway is made.
func (c *Config) validateRules() error {
	if strings.HasPrefix(c.AuthRules, "@") {
		return nil
	}
	_, err := c.rules()
	return err
}

// rules are nil when everything is allowed.
func (c *Config) rules() (*auth.Rules, error) {
	if c.AuthRules == "" {
		return nil, nil //nolint:nilnil // nil rules are rules: they allow everything
	}
	text := []byte(c.AuthRules)
	if path, ok := strings.CutPrefix(c.AuthRules, "@"); ok {
		var err error
		if text, err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("--auth-rules: %w", err)
		}
	}
	rules, err := auth.ParseRules(text)
	if err != nil {
		return nil, fmt.Errorf("--auth-rules: %w", err)
	}
	return rules, nil
}

// allow says no to a request that the session's member may not make.
func (s *session) allow(actions auth.Action, channel string) *protocol.Error {
	if s.may.Allow(actions, channel) {
		return nil
	}
	return protocol.Errorf(protocol.CodeForbidden, "this member may not do this in channel %q: neither a rule of the gateway "+
		"nor the token's channels claim allows it", channel)
}

// allowJoin is allow for a join, which shows who else is there unless the client wants to see nobody.
func (s *session) allowJoin(r *protocol.Request) *protocol.Error {
	if r.Presence == hub.PresenceNone || s.may.Allow(auth.Presence, r.Channel) {
		return s.allow(auth.Join, r.Channel)
	}
	if s.may.Allow(auth.Join, r.Channel) {
		return protocol.Errorf(protocol.CodeForbidden,
			`this member may not see who is in channel %q: join it with "presence": "none"`, r.Channel)
	}
	return s.allow(auth.Join, r.Channel)
}

// permit replaces the session's permissions, and takes away at once what they do not allow any more: the client is told by an error
// for each channel.
func (s *session) permit(may auth.Permissions) {
	before := s.may
	s.may = may
	for _, channel := range s.channels.names() {
		if err := s.allow(auth.Join, channel); err != nil {
			if _, failed := s.g.hub.Leave(channel, s.member, s); failed == nil {
				s.channels.remove(channel)
			}
			err.Channel, err.Request = channel, protocol.Auth
			s.refuse(err)
			continue
		}
		if before.Allow(auth.Presence, channel) && !may.Allow(auth.Presence, channel) {
			s.hidePresence(channel)
		}
	}
}

func (s *session) hidePresence(channel string) {
	if _, err := s.g.hub.Join(channel, s.member, s, hub.JoinOptions{Presence: hub.PresenceNone, Session: s.tie}); err != nil {
		s.g.logger.Error("hiding presence", "channel", channel, "connection", s.id, "error", err)
		return
	}
	s.refuse(&protocol.Error{
		Code: protocol.CodeForbidden, Message: "this member may not see any more who is in the channel", Channel: channel, Request: protocol.Auth,
	})
}
