package auth

import (
	"net/http"
	"time"
)

// Anonymous believes the member id that the query parameter "member" gives. It is for trusted networks and trials.
type Anonymous struct{}

// Authenticate returns the member, or an *[Error] with status 400 when it is missing or not a valid name.
func (Anonymous) Authenticate(r *http.Request) (Identity, error) { panic("todo") }

// A Key verifies the signatures of tokens.
type Key struct{}

// LoadKeyFile reads an HS256 key: the file's bytes without a newline at the end, at least 32 of them. Errors never
// hold a part of the key.
func LoadKeyFile(path string) (Key, error) { panic("todo") }

// NewHS256Key returns an HS256 key. The error says that secret has fewer than 32 bytes.
func NewHS256Key(secret []byte) (Key, error) { panic("todo") }

// A KeySource finds the keys for a token. Implementations are safe for concurrent use.
type KeySource interface {
	// Keys returns the keys that may have signed a token whose header has this kid, which is empty when it has none.
	Keys(kid string) ([]Key, error)
}

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
type JWT struct{}

// NewJWT returns the authenticator, or says which option is impossible.
func NewJWT(opts JWTOptions) (*JWT, error) { panic("todo") }

// Authenticate returns the token's identity. The *[Error] has status 401 and a challenge, or 400 when the request has
// several tokens in one place.
func (a *JWT) Authenticate(r *http.Request) (Identity, error) { panic("todo") }

// Renew implements [TokenVerifier].
func (a *JWT) Renew(token string) (Identity, error) { panic("todo") }

// Subprotocols returns what to answer in Sec-WebSocket-Protocol: "starling.v1" if the client offered it, else nothing.
// Tokens are never among them. It suits gorilla's Upgrader.Subprotocols.
func Subprotocols(r *http.Request) []string { panic("todo") }

// An OriginPolicy decides which pages may open connections. It is safe for concurrent use.
type OriginPolicy struct{}

// NewOriginPolicy returns a policy that allows, besides the gateway's own origin, those listed: exact origins such as
// "https://app.example.com", all subdomains as "https://*.example.com", and "*" for any. The error names the wrong entry.
func NewOriginPolicy(allowed []string) (*OriginPolicy, error) { panic("todo") }

// Check returns nil when the request has no Origin header, comes from a page of the same host and port as r.Host, or from a
// listed origin; otherwise an *[Error] with status 403.
func (p *OriginPolicy) Check(r *http.Request) error { panic("todo") }
