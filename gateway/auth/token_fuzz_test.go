package auth

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever the headers hold, the token found is a whole part of one of them, a refusal repeats none of it, and only the
// version is ever echoed.
func FuzzToken(f *testing.F) {
	good := hs(hs256, goodClaims)
	f.Add("Bearer "+good, "starling.v1, starling.token.a.b.c", "token=x")
	f.Add("bearer", "starling.token.", "token=%zz")
	f.Add("Basic YTpi", ",,,starling.token.x,", "token=a&token=b")
	f.Add("", "starling.token."+good, "")
	a := newJWT(f, true)
	f.Fuzz(func(t *testing.T, authorization, protocols, query string) {
		r := &http.Request{URL: &url.URL{RawQuery: query}, Header: http.Header{
			"Authorization": {authorization}, "Sec-Websocket-Protocol": {protocols},
		}}
		for _, p := range Subprotocols(r) {
			require.Equal(t, "starling.v1", p)
		}
		token, missing := findToken(r, true)
		if missing == nil {
			require.LessOrEqual(t, len(token), maxTokenBytes)
			values, err := url.ParseQuery(query)
			inQuery := err == nil && len(values["token"]) == 1 && values["token"][0] == token
			require.True(t, strings.Contains(authorization, token) || strings.Contains(protocols, token) || inQuery)
		}
		id, err := a.Authenticate(r)
		if err == nil {
			require.Equal(t, "ada", id.MemberID, "only this token is signed")
			return
		}
		refusal := refused(t, err)
		require.Contains(t, []int{http.StatusBadRequest, http.StatusUnauthorized}, refusal.Status)
		if len(token) > 20 { // shorter ones may occur in the message by chance
			require.NotContains(t, refusal.Message, token)
		}
	})
}
