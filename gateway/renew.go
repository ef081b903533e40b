package gateway

import (
	"errors"

	"github.com/starling-realtime/starling/gateway/auth"
	"github.com/starling-realtime/starling/gateway/protocol"
)

// renew replaces the connection's credentials by those of a new token, which must be the same member's. A token that is refused
// changes nothing: the connection ends when the old one does.
func (s *session) renew(r *protocol.Request) *protocol.Error {
	verifier, ok := s.g.auth.(auth.TokenVerifier)
	if !ok {
		return renewRefused(protocol.CodeForbidden, "this gateway takes no tokens: there is nothing to renew")
	}
	identity, err := verifier.Renew(s.g.ctx, r.Token)
	if said, ok := errors.AsType[*auth.Error](err); ok {
		return renewRefused(protocol.ErrorCode(said.Code), said.Message)
	}
	if err != nil {
		return renewRefused(protocol.CodeUnavailable, "credentials cannot be checked now: try again")
	}
	if identity.MemberID != s.member {
		return renewRefused(protocol.CodeForbidden, "the token's sub is not this connection's member: connect anew to become another one")
	}
	var expires int64
	if !identity.Expires.IsZero() {
		expires = identity.Expires.UnixMilli()
	}
	s.expires.Store(expires)
	s.permit(s.g.rules.For(identity.Subject))
	s.g.metrics.renewed.Inc()
	if r.ID != "" {
		s.send(protocol.AuthReplyFrame(r.ID, expires, nowMs()))
	}
	return nil
}

func renewRefused(code protocol.ErrorCode, message string) *protocol.Error {
	err := protocol.Errorf(code, "%s", message)
	if code == protocol.CodeUnavailable {
		err.RetryAfterMs = fullRetry.Milliseconds()
	}
	return err
}
