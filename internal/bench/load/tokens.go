package load

import (
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// tokens signs members' tokens; nil: there are none.
type tokens struct {
	method  jwt.SigningMethod
	key     any
	expires *jwt.NumericDate
}

// tokenLifetime is longer than any run.
const tokenLifetime = 24 * time.Hour

// newTokens takes a plan's key.
func newTokens(key []byte) *tokens {
	if len(key) == 0 {
		return nil
	}
	t := &tokens{method: jwt.SigningMethodHS256, key: key, expires: jwt.NewNumericDate(time.Now().Add(tokenLifetime))}
	if private, err := jwt.ParseECPrivateKeyFromPEM(key); err == nil {
		t.method, t.key = jwt.SigningMethodES256, private
	}
	return t
}

func (t *tokens) sign(member string) string {
	if t == nil {
		return ""
	}
	token := jwt.NewWithClaims(t.method, jwt.RegisteredClaims{Subject: member, ExpiresAt: t.expires})
	signed, err := token.SignedString(t.key)
	if err != nil {
		panic("a key of the right kind signs: " + err.Error())
	}
	return signed
}
