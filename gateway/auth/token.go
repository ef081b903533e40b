package auth

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	// tokenProtocol begins the WebSocket subprotocol that carries a token: browsers can set no header.
	tokenProtocol = "starling.token."
	// version is the subprotocol that says what is spoken.
	version = "starling.v1"
	// maxTokenBytes bounds a token.
	maxTokenBytes = 8 << 10
)

// findToken returns the request's token. The first place that has one decides, so that a good token in another place does not
// hide a bad one.
func findToken(r *http.Request, inQuery bool) (string, *Error) {
	places := []func(*http.Request) ([]string, *Error){bearerTokens, protocolTokens}
	if inQuery {
		places = append(places, queryTokens)
	}
	for _, place := range places {
		found, err := place(r)
		switch {
		case err != nil:
			return "", err
		case len(found) > 1:
			return "", badRequest("the request has %d tokens in one place: one is right", len(found))
		case len(found) == 1 && len(found[0]) > maxTokenBytes:
			return "", badRequest("the token has %d bytes: at most %d are right", len(found[0]), maxTokenBytes)
		case len(found) == 1:
			return found[0], nil
		}
	}
	return "", unauthorized("",
		"a token is missing: send it as \"Authorization: Bearer TOKEN\" or as the WebSocket subprotocol %sTOKEN", tokenProtocol)
}

func bearerTokens(r *http.Request) ([]string, *Error) {
	var found []string
	for _, value := range r.Header.Values("Authorization") {
		scheme, token, _ := strings.Cut(value, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			continue // a browser adds what a proxy in front asked for, such as Basic, and cannot be told not to
		}
		token = strings.TrimSpace(token)
		if token == "" {
			return nil, unauthorized("invalid_request", "the Authorization header is not \"Bearer TOKEN\"")
		}
		found = append(found, token)
	}
	return found, nil
}

func protocolTokens(r *http.Request) ([]string, *Error) {
	var found []string
	for _, offered := range offeredProtocols(r) {
		if token, ok := strings.CutPrefix(offered, tokenProtocol); ok {
			found = append(found, token)
		}
	}
	return found, nil
}

func queryTokens(r *http.Request) ([]string, *Error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badQuery()
	}
	return query["token"], nil
}

// offeredProtocols reads every Sec-WebSocket-Protocol header: a client may spread its offers.
func offeredProtocols(r *http.Request) []string {
	var offered []string
	for _, value := range r.Header.Values("Sec-WebSocket-Protocol") {
		for protocol := range strings.SplitSeq(value, ",") {
			offered = append(offered, strings.TrimSpace(protocol))
		}
	}
	return offered
}

// Subprotocols returns what to answer in Sec-WebSocket-Protocol: "starling.v1" if the client offered it, else nothing.
// Tokens are never among them. It suits gorilla's Upgrader.Subprotocols. A browser that offers a token must offer
// "starling.v1" as well, because it gives up when none of its offers is answered.
func Subprotocols(r *http.Request) []string {
	if slices.Contains(offeredProtocols(r), version) {
		return []string{version}
	}
	return nil
}
