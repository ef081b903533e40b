package auth

import (
	"errors"
	"fmt"
	"net/http"
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
	// TokenInQuery also takes the token from the query parameter "token", where access logs may keep it.
	TokenInQuery bool
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// JWT authenticates by a signed token: HS256, "sub" is the member id, "exp" is required, "nbf" and "iat" must not be in
// the future. The token comes from, in this order: "Authorization: Bearer", a Sec-WebSocket-Protocol value
// "starling.token.<jwt>", and the query if that is enabled. The first that is there decides.
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
	return &JWT{
		keys: opts.Keys, leeway: leeway, inQuery: opts.TokenInQuery,
		// The methods are fixed here and not read from the token, so "none" and a public key used as a secret get nowhere.
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
			jwt.WithLeeway(leeway), jwt.WithTimeFunc(opts.Now), jwt.WithStrictDecoding(),
		),
	}, nil
}

// Authenticate returns the token's identity. The *[Error] has status 401 and a challenge, or 400 when the request has
// several tokens in one place.
func (a *JWT) Authenticate(r *http.Request) (Identity, error) {
	token, missing := findToken(r, a.inQuery)
	if missing != nil {
		return Identity{}, missing
	}
	return a.Renew(token)
}

// Renew implements [TokenVerifier].
func (a *JWT) Renew(token string) (Identity, error) {
	var claims jwt.RegisteredClaims
	if _, err := a.parser.ParseWithClaims(token, &claims, a.keysFor); err != nil {
		return Identity{}, unauthorized("invalid_token", "%s", explain(err))
	}
	if err := hub.CheckName("sub", claims.Subject); err != nil {
		return Identity{}, unauthorized("invalid_token", "the token's sub is not a member id: %v", err)
	}
	return Identity{MemberID: claims.Subject, Expires: claims.ExpiresAt.Add(a.leeway)}, nil
}

func (a *JWT) keysFor(t *jwt.Token) (any, error) {
	kid, _ := t.Header["kid"].(string)
	keys, err := a.keys.Keys(kid)
	if err != nil {
		return nil, err
	}
	var set jwt.VerificationKeySet
	for _, k := range keys {
		set.Keys = append(set.Keys, k.secret)
	}
	return set, nil
}

// explain says what is wrong with a token without saying anything of its content.
func explain(err error) string {
	for _, known := range []struct {
		is   error
		text string
	}{
		{jwt.ErrTokenExpired, "the token has expired: get a new one"},
		{jwt.ErrTokenNotValidYet, "the token is not valid yet: compare the clocks"},
		{jwt.ErrTokenUsedBeforeIssued, "the token was issued in the future: compare the clocks"},
		{jwt.ErrTokenRequiredClaimMissing, "the token has no exp: tokens must end"},
		{jwt.ErrTokenSignatureInvalid, "the token is not signed with HS256 and a key of this gateway"},
		{jwt.ErrTokenMalformed, "the token is not a JWT"},
	} {
		if errors.Is(err, known.is) {
			return known.text
		}
	}
	return "the token cannot be verified"
}
