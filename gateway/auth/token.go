package auth

import (
	"net/http"
	"strings"

	"github.com/gorilla/websocket"
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
	return "", unauthorized("", "a token is missing: send it as \"Authorization: Bearer TOKEN\" or as the WebSocket subprotocol %sTOKEN", tokenProtocol)
}

func bearerTokens(r *http.Request) ([]string, *Error) {
	var found []string
	for _, value := range r.Header.Values("Authorization") {
		scheme, token, _ := strings.Cut(value, " ")
		token = strings.TrimSpace(token)
		if !strings.EqualFold(scheme, "Bearer") || token == "" {
			return nil, unauthorized("invalid_request", "the Authorization header is not \"Bearer TOKEN\"")
		}
		found = append(found, token)
	}
	return found, nil
}

func protocolTokens(r *http.Request) ([]string, *Error) {
	var found []string
	for _, offered := range websocket.Subprotocols(r) {
		if token, ok := strings.CutPrefix(offered, tokenProtocol); ok {
			found = append(found, token)
		}
	}
	return found, nil
}

func queryTokens(r *http.Request) ([]string, *Error) { return r.URL.Query()["token"], nil }

// Subprotocols returns what to answer in Sec-WebSocket-Protocol: "starling.v1" if the client offered it, else nothing.
// Tokens are never among them. It suits gorilla's Upgrader.Subprotocols.
func Subprotocols(r *http.Request) []string {
	for _, offered := range websocket.Subprotocols(r) {
		if offered == version {
			return []string{version}
		}
	}
	return nil
}
