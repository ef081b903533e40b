package load

import (
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// tokens signs members' tokens; nil: there are none.
type tokens struct {
	key     []byte
	expires *jwt.NumericDate
}

// tokenLifetime is longer than any run.
const tokenLifetime = 24 * time.Hour

func newTokens(key []byte) *tokens {
	if len(key) == 0 {
		return nil
	}
	return &tokens{key, jwt.NewNumericDate(time.Now().Add(tokenLifetime))}
}

func (t *tokens) sign(member string) string {
	if t == nil {
		return ""
	}
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{Subject: member, ExpiresAt: t.expires})
	signed, err := token.SignedString(t.key)
	if err != nil {
		panic("HS256 with a key of bytes cannot fail: " + err.Error())
	}
	return signed
}
