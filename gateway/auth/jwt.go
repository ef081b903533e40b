package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/starling-realtime/starling/hub"
)

const (
	defaultLeeway = 5 * time.Second
	maxLeeway     = 5 * time.Minute
)

// JWTOptions configure [NewJWT]. The zero value of a field is its default.
type JWTOptions struct {
	// Keys verify the signatures. Required.
	Keys KeySource
	// Leeway is the difference of clocks that exp, nbf and iat may show, up to 5 minutes. Default 5 s; negative: none.
	Leeway time.Duration
	// Issuer is what "iss" must be; empty: anything.
	Issuer string
	// Audiences are those of which "aud" must name one; empty: anything.
	Audiences []string
	// TokenInQuery also takes the token from the query parameter "token", where access logs may keep it.
	TokenInQuery bool
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// JWT authenticates by a signed token: "sub" is the member id, "exp" is required, "nbf" and "iat" must not be in the future. The key
// decides the algorithm, never the token. The token comes from, in this order: "Authorization: Bearer", a Sec-WebSocket-Protocol
// value "starling.token.<jwt>", and the query if that is enabled. The first that is there decides.
type JWT struct {
	keys    KeySource
	leeway  time.Duration
	inQuery bool
	parser  *jwt.Parser
}

var (
	_ Authenticator = (*JWT)(nil)
	_ TokenVerifier = (*JWT)(nil)
)

// NewJWT returns the authenticator, or says which option is impossible.
func NewJWT(opts JWTOptions) (*JWT, error) {
	if opts.Keys == nil {
		return nil, errors.New("verifying tokens: there are no keys")
	}
	if opts.Leeway > maxLeeway {
		return nil, fmt.Errorf("verifying tokens: a leeway of %s is too long: at most %s is right", opts.Leeway, maxLeeway)
	}
	leeway := max(0, opts.Leeway)
	if opts.Leeway == 0 {
		leeway = defaultLeeway
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	// The methods are fixed here and each key is for one of them, so "none" and a public key used as a secret get nowhere.
	rules := []jwt.ParserOption{
		jwt.WithValidMethods(Algorithms()), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(leeway), jwt.WithTimeFunc(opts.Now), jwt.WithStrictDecoding(),
	}
	if opts.Issuer != "" {
		rules = append(rules, jwt.WithIssuer(opts.Issuer))
	}
	if len(opts.Audiences) > 0 {
		rules = append(rules, jwt.WithAudience(opts.Audiences...))
	}
	return &JWT{keys: opts.Keys, leeway: leeway, inQuery: opts.TokenInQuery, parser: jwt.NewParser(rules...)}, nil
}

// Authenticate returns the token's identity. The *[Error] has status 401 and a challenge, or 400 when the request has
// several tokens in one place.
func (a *JWT) Authenticate(r *http.Request) (Identity, error) {
	token, missing := findToken(r, a.inQuery)
	if missing != nil {
		return Identity{}, missing
	}
	return a.Renew(r.Context(), token)
}

// Renew implements [TokenVerifier].
func (a *JWT) Renew(ctx context.Context, token string) (Identity, error) {
	if len(token) > maxTokenBytes {
		return Identity{}, unauthorized("invalid_token", "the token has %d bytes: at most %d are right", len(token), maxTokenBytes)
	}
	if strings.ContainsAny(token, "\r\n") { // which the base64 decoder would skip
		return Identity{}, unauthorized("invalid_token", "%s", explain(jwt.ErrTokenMalformed))
	}
	// A map keeps "sub" and "SUB" apart. A struct would take either, and an issuer may let its users choose other claims.
	claims := jwt.MapClaims{}
	verified, err := a.parser.ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) { return a.keysFor(ctx, t) })
	switch {
	case errors.Is(err, ErrKeysUnavailable):
		return Identity{}, unavailable("tokens cannot be checked yet, because their keys could not be fetched: try again")
	case err != nil:
		return Identity{}, unauthorized("invalid_token", "%s", explain(err))
	}
	identity, err := a.identity(claims)
	if err == nil {
		identity.Method = verified.Method.Alg()
	}
	return identity, err
}

// lastSecond is the end of the year 9999: times far beyond it overflow, differently on each architecture.
const lastSecond = 253402300799

// identity reads the claims of a token that was verified.
func (a *JWT) identity(claims jwt.MapClaims) (Identity, error) {
	sub, err := claims.GetSubject()
	if err != nil || hub.CheckName("sub", sub) != nil { // whose message may quote the claim
		return Identity{}, unauthorized("invalid_token",
			"the token's sub is not a member id: 1 to %d bytes of UTF-8 without control characters are right", hub.MaxNameBytes)
	}
	exp, err := claims.GetExpirationTime()
	if err != nil || exp == nil || exp.Unix() <= 0 || exp.Unix() > lastSecond {
		return Identity{}, unauthorized("invalid_token", "the token's exp is not a time in seconds since 1970")
	}
	subject, err := newSubject(sub, claims)
	if err != nil {
		return Identity{}, unauthorized("invalid_token", "the token's channels claim is not right: %v", err)
	}
	return Identity{MemberID: sub, Subject: subject, Expires: exp.Add(a.leeway)}, nil
}

var (
	errCritical = errors.New("the header has crit")
	errKid      = errors.New("the header's kid is not a string")
)

// keysFor returns the keys that may have signed a token. Nothing of the token is verified yet.
func (a *JWT) keysFor(ctx context.Context, t *jwt.Token) (any, error) {
	if _, ok := t.Header["crit"]; ok {
		return nil, errCritical // RFC 7515: what one does not understand, one must refuse
	}
	kid, ok := t.Header["kid"].(string)
	if _, given := t.Header["kid"]; given && !ok {
		return nil, errKid
	}
	keys, err := a.keys.Keys(ctx, kid)
	if err != nil {
		return nil, err
	}
	var set jwt.VerificationKeySet
	for _, k := range keys {
		if k.algorithm == t.Method.Alg() { // a key is for its own algorithm, not for the one that the token names
			set.Keys = append(set.Keys, k.material)
		}
	}
	return set, nil
}

const notSigned = "the token is not signed with a key of this gateway and that key's own algorithm"

// explain says what is wrong with a token without saying anything of its content.
func explain(err error) string {
	for _, known := range []struct {
		is   error
		text string
	}{
		{errCritical, "the token has a crit header, which is not supported"},
		{errKid, "the token's kid is not a string"},
		{jwt.ErrTokenExpired, "the token has expired: get a new one"},
		{jwt.ErrTokenNotValidYet, "the token is not valid yet: compare the clocks"},
		{jwt.ErrTokenUsedBeforeIssued, "the token was issued in the future: compare the clocks"},
		{jwt.ErrTokenInvalidIssuer, "the token's iss is not the issuer that this gateway trusts"},
		{jwt.ErrTokenInvalidAudience, "the token's aud does not name this gateway: it is for somebody else"},
		{jwt.ErrTokenRequiredClaimMissing, "the token has no exp, or no iss or aud where this gateway wants one"},
		{jwt.ErrTokenSignatureInvalid, notSigned},
		{jwt.ErrTokenMalformed, "the token is not a JWT: three parts in base64url without padding, joined by dots, are right"},
		{jwt.ErrInvalidType, "the token's exp, nbf or iat is not a time in seconds since 1970"},
		{jwt.ErrTokenUnverifiable, notSigned},
	} {
		if errors.Is(err, known.is) {
			return known.text
		}
	}
	return "the token cannot be verified"
}
