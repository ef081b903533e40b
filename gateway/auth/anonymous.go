package auth

import (
	"net/http"
	"net/url"

	"github.com/starling-realtime/starling/hub"
)

// Anonymous believes the member id that the query parameter "member" gives. It is for trusted networks and trials.
type Anonymous struct{}

var _ Authenticator = Anonymous{}

// Authenticate returns the member, or an *[Error] with status 400 when it is missing or not a valid name.
func (Anonymous) Authenticate(r *http.Request) (Identity, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return Identity{}, badQuery()
	}
	given, ok := query["member"]
	if !ok {
		return Identity{}, badRequest("the member id is missing: add ?member=ID to the address")
	}
	if len(given) > 1 {
		return Identity{}, badRequest("the member id is given %d times: once is right", len(given))
	}
	if err := hub.CheckName("member id", given[0]); err != nil {
		return Identity{}, badRequest("?member=: %v", err)
	}
	return Identity{MemberID: given[0], Subject: AnonymousSubject(given[0]), Method: "anonymous"}, nil
}
