package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"hash"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

var testSecret = []byte("0123456789abcdef0123456789abcdef")

// testNow is the verifier's clock.
var testNow = time.Unix(1_800_000_000, 0)

// keys does not look at key ids.
type keys []Key

func (k keys) Keys(context.Context, string) ([]Key, error) { return k, nil }

func newJWT(t testing.TB, inQuery bool) *JWT {
	t.Helper()
	key, err := NewHMACKey(HS256, testSecret)
	require.NoError(t, err)
	a, err := NewJWT(JWTOptions{Keys: keys{key}, TokenInQuery: inQuery, Now: func() time.Time { return testNow }})
	require.NoError(t, err)
	return a
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// forge signs any header and claims, as an attacker or a careless issuer would.
func forge(newHash func() hash.Hash, secret []byte, header, claims string) string {
	signed := b64(header) + "." + b64(claims)
	mac := hmac.New(newHash, secret)
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

const (
	hs256      = `{"alg":"HS256","typ":"JWT"}`
	goodClaims = `{"sub":"ada","exp":1800000060}`
)

func hs(header, claims string) string { return forge(sha256.New, testSecret, header, claims) }

func refused(t testing.TB, err error) *Error {
	t.Helper()
	var refusal *Error
	require.ErrorAs(t, err, &refusal)
	return refusal
}

func TestTokensThatAreTaken(t *testing.T) {
	const leeway = 5 * time.Second
	for _, tt := range []struct {
		name, header, claims string
		member               string
		expires              time.Time
	}{
		{"plain", hs256, goodClaims, "ada", time.Unix(1800000060, 0).Add(leeway)},
		{"with a kid", `{"alg":"HS256","kid":"k1"}`, goodClaims, "ada", time.Unix(1800000060, 0).Add(leeway)},
		{"expired within the leeway", hs256, `{"sub":"ada","exp":1799999996}`, "ada", time.Unix(1799999996, 0).Add(leeway)},
		{"fraction of a second, which is cut", hs256, `{"sub":"ada","exp":1800000060.5}`, "ada", time.Unix(1800000060, 0).Add(leeway)},
		{"begun", hs256, `{"sub":"ada","exp":1800000060,"nbf":1800000000,"iat":1800000004}`, "ada", time.Unix(1800000060, 0).Add(leeway)},
		{
			"other claims do not count", hs256, `{"SUB":"eve","Sub":"eve","EXP":1,"sub":"ada","exp":1800000060}`, "ada",
			time.Unix(1800000060, 0).Add(leeway),
		},
		{"any UTF-8", hs256, `{"sub":"Zoë 🦜","exp":1800000060}`, "Zoë 🦜", time.Unix(1800000060, 0).Add(leeway)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id, err := newJWT(t, false).Renew(context.Background(), hs(tt.header, tt.claims))
			require.NoError(t, err)
			require.Equal(t, tt.member, id.MemberID)
			require.WithinDuration(t, tt.expires, id.Expires, time.Millisecond)
		})
	}
}

// Known attacks on verifiers, and what careless issuers send.
func TestTokensThatAreRefused(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
	require.NoError(t, err)
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	rs256, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{"sub": "ada", "exp": 1800000060}).SignedString(rsaKey)
	require.NoError(t, err)
	good := hs(hs256, goodClaims)
	parts := strings.Split(good, ".")
	last := good[len(good)-1]

	const noSignature, noTime, noMember, noExp, notJWT = "not signed with a key of this gateway", "not a time", "not a member id", "no exp", "not a JWT"
	for name, tt := range map[string]struct{ token, says string }{
		"empty":                            {"", notJWT},
		"no JWT":                           {"hello", notJWT},
		"two parts":                        {parts[0] + "." + parts[1], notJWT},
		"four parts":                       {good + ".", notJWT},
		"encrypted":                        {good + "..", notJWT},
		"alg none without signature":       {b64(`{"alg":"none"}`) + "." + parts[1] + ".", noSignature},
		"alg none with signature":          {b64(`{"alg":"none"}`) + "." + parts[1] + "." + parts[2], noSignature},
		"alg None":                         {hs(`{"alg":"None"}`, goodClaims), noSignature},
		"alg nOnE":                         {hs(`{"alg":"nOnE"}`, goodClaims), noSignature},
		"alg empty":                        {hs(`{"alg":""}`, goodClaims), noSignature},
		"alg missing":                      {hs(`{"typ":"JWT"}`, goodClaims), noSignature},
		"alg a number":                     {hs(`{"alg":256}`, goodClaims), noSignature},
		"alg a list":                       {hs(`{"alg":["HS256"]}`, goodClaims), noSignature},
		"alg in lower case":                {hs(`{"alg":"hs256"}`, goodClaims), noSignature},
		"RS256":                            {rs256, noSignature},
		"RS256 claimed over an HMAC":       {hs(`{"alg":"RS256"}`, goodClaims), noSignature},
		"HMAC with a public key as secret": {forge(sha256.New, public, hs256, goodClaims), noSignature},
		"HS512 with the right key":         {forge(sha512.New, testSecret, `{"alg":"HS512"}`, goodClaims), noSignature},
		"HS384 with the right key":         {forge(sha512.New384, testSecret, `{"alg":"HS384"}`, goodClaims), noSignature},
		"ES256":                            {hs(`{"alg":"ES256"}`, goodClaims), noSignature},
		"wrong key":                        {forge(sha256.New, []byte(strings.Repeat("x", 32)), hs256, goodClaims), noSignature},
		"empty key":                        {forge(sha256.New, nil, hs256, goodClaims), noSignature},
		"key in the header":                {forge(sha256.New, []byte("evil"), `{"alg":"HS256","jwk":{"kty":"oct","k":"ZXZpbA"}}`, goodClaims), noSignature},
		"key address in the header":        {forge(sha256.New, []byte("evil"), `{"alg":"HS256","jku":"https://evil.example"}`, goodClaims), noSignature},
		"kid of a file":                    {forge(sha256.New, nil, `{"alg":"HS256","kid":"../../../dev/null"}`, goodClaims), noSignature},
		"kid not a string":                 {hs(`{"alg":"HS256","kid":["k1"]}`, goodClaims), "kid is not a string"},
		"kid null":                         {hs(`{"alg":"HS256","kid":null}`, goodClaims), "kid is not a string"},
		"critical extension":               {hs(`{"alg":"HS256","crit":["b64"],"b64":false}`, goodClaims), "crit header"},
		"signature missing":                {parts[0] + "." + parts[1] + ".", noSignature},
		"signature cut":                    {good[:len(good)-3], noSignature},
		"signature's unused bits set":      {good[:len(good)-1] + string(unusedBitSet(last)), notJWT},
		"signature padded":                 {good + "=", notJWT},
		"line end at the end":              {good + "\n", notJWT},
		"line end within":                  {good[:len(good)-5] + "\r\n" + good[len(good)-5:], notJWT},
		"base64 of the other alphabet":     {parts[0] + "." + parts[1] + "." + strings.Repeat("+/", 21) + "A", notJWT},
		"claims of another token":          {parts[0] + "." + b64(`{"sub":"eve","exp":1800000060}`) + "." + parts[2], noSignature},
		"header not JSON":                  {hs(`alg=HS256`, goodClaims), notJWT},
		"header null":                      {hs(`null`, goodClaims), noSignature},
		"claims not JSON":                  {hs(hs256, `sub=ada`), notJWT},
		"claims null":                      {hs(hs256, `null`), noExp},
		"claims a list":                    {hs(hs256, `[]`), notJWT},
		"no exp":                           {hs(hs256, `{"sub":"ada"}`), noExp},
		"exp in other letters":             {hs(hs256, `{"sub":"ada","Exp":1800000060}`), noExp},
		"exp null":                         {hs(hs256, `{"sub":"ada","exp":null}`), noTime},
		"exp a string":                     {hs(hs256, `{"sub":"ada","exp":"1800000060"}`), noTime},
		"exp a list":                       {hs(hs256, `{"sub":"ada","exp":[1800000060]}`), noTime},
		"exp zero":                         {hs(hs256, `{"sub":"ada","exp":0}`), noExp},
		"exp negative":                     {hs(hs256, `{"sub":"ada","exp":-1}`), "has expired"},
		"exp in milliseconds":              {hs(hs256, `{"sub":"ada","exp":1800000060000}`), noTime},
		"exp beyond all time":              {hs(hs256, `{"sub":"ada","exp":1e300}`), ""},
		"exp too large for a number":       {hs(hs256, `{"sub":"ada","exp":1e400}`), notJWT},
		"expired":                          {hs(hs256, `{"sub":"ada","exp":1799999995}`), "has expired"},
		"not valid yet":                    {hs(hs256, `{"sub":"ada","exp":1800000060,"nbf":1800000006}`), "not valid yet"},
		"nbf a string":                     {hs(hs256, `{"sub":"ada","exp":1800000060,"nbf":"now"}`), noTime},
		"issued in the future":             {hs(hs256, `{"sub":"ada","exp":1800000060,"iat":1800000006}`), "issued in the future"},
		"no sub":                           {hs(hs256, `{"exp":1800000060}`), noMember},
		"sub in other letters":             {hs(hs256, `{"SUB":"ada","exp":1800000060}`), noMember},
		"sub empty":                        {hs(hs256, `{"sub":"","exp":1800000060}`), noMember},
		"sub a number":                     {hs(hs256, `{"sub":7,"exp":1800000060}`), noMember},
		"sub a list":                       {hs(hs256, `{"sub":["ada"],"exp":1800000060}`), noMember},
		"sub with a control character":     {hs(hs256, `{"sub":"secret\u0000name","exp":1800000060}`), noMember},
		"sub too long":                     {hs(hs256, `{"sub":"`+strings.Repeat("x", 201)+`","exp":1800000060}`), noMember},
		"too long":                         {hs(hs256, `{"sub":"ada","exp":1800000060,"x":"`+strings.Repeat("x", 8<<10)+`"}`), "at most 8192 are right"},
		"deeply nested":                    {hs(hs256, `{"x":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+`}`), "at most 8192"},
	} {
		t.Run(name, func(t *testing.T) {
			id, err := newJWT(t, false).Renew(context.Background(), tt.token)
			require.Zero(t, id)
			refusal := refused(t, err)
			require.Equal(t, http.StatusUnauthorized, refusal.Status)
			require.Equal(t, "forbidden", refusal.Code)
			require.Contains(t, refusal.Message, tt.says)
			require.Equal(t, `Bearer realm="starling", error="invalid_token"`, refusal.Challenge)
			requireNothingOf(t, tt.token, refusal)
		})
	}
}

// unusedBitSet changes the two bits of a last base64 letter that no byte holds, which a lax decoder would ignore.
func unusedBitSet(c byte) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, c)|1]
}

// requireNothingOf fails when a refusal holds a part of the token, encoded or decoded, that is long enough to mean something.
func requireNothingOf(t testing.TB, token string, refusal *Error) {
	t.Helper()
	text := refusal.Message + refusal.Challenge
	for part := range strings.SplitSeq(token, ".") {
		if len(part) > 6 {
			require.NotContains(t, text, part)
		}
		decoded, err := base64.RawURLEncoding.DecodeString(part)
		var claims map[string]any
		if err != nil || json.Unmarshal(decoded, &claims) != nil {
			continue
		}
		if sub, ok := claims["sub"].(string); ok && sub != "" {
			require.NotContains(t, text, strings.Trim(sub, "\x00"))
			require.NotContains(t, text, "secret")
		}
	}
}

func TestWhereTokensComeFrom(t *testing.T) {
	good, bad := hs(hs256, goodClaims), "x.y.z"
	type request struct {
		auth, protocols []string
		query           string
		inQuery         bool
	}
	for _, tt := range []struct {
		name   string
		in     request
		status int // 0: taken
		says   string
	}{
		{"bearer", request{auth: []string{"Bearer " + good}}, 0, ""},
		{"bearer in other letters and spaces", request{auth: []string{"bEARER   " + good + " "}}, 0, ""},
		{"subprotocol", request{protocols: []string{"starling.token." + good}}, 0, ""},
		{"subprotocol among others", request{protocols: []string{"starling.v1 , starling.token." + good}}, 0, ""},
		{"subprotocol in a header of its own", request{protocols: []string{"starling.v1", "starling.token." + good}}, 0, ""},
		{"query", request{query: "token=" + good, inQuery: true}, 0, ""},
		{"query where it is not enabled", request{query: "token=" + good}, 401, "a token is missing"},
		{"nothing", request{}, 401, `"Authorization: Bearer TOKEN"`},
		{"nothing at all, query enabled", request{inQuery: true}, 401, "a token is missing"},
		{"another scheme is not ours", request{auth: []string{"Basic YTpi"}, protocols: []string{"starling.token." + good}}, 0, ""},
		{"only another scheme", request{auth: []string{"Basic YTpi"}}, 401, "a token is missing"},
		{"bearer without a token", request{auth: []string{"Bearer"}}, 401, "not \"Bearer TOKEN\""},
		{"subprotocol without a token", request{protocols: []string{"starling.token."}}, 401, "not a JWT"},
		{"a bad token is not replaced by a good one", request{auth: []string{"Bearer " + bad}, protocols: []string{"starling.token." + good}}, 401, "not a JWT"},
		{"the same, in the query", request{protocols: []string{"starling.token." + bad}, query: "token=" + good, inQuery: true}, 401, "not a JWT"},
		{"two bearers", request{auth: []string{"Bearer " + good, "Bearer " + good}}, 400, "2 tokens in one place"},
		{"two subprotocols", request{protocols: []string{"starling.token." + good + ",starling.token." + bad}}, 400, "2 tokens"},
		{"two in the query", request{query: "token=a&token=b", inQuery: true}, 400, "2 tokens"},
		{"malformed query", request{query: "token=%zz", inQuery: true}, 400, "query string is malformed"},
		{"far too long", request{auth: []string{"Bearer " + strings.Repeat("x", 9000)}}, 400, "at most 8192 are right"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/ws?"+tt.in.query, http.NoBody)
			r.Header["Authorization"] = tt.in.auth
			r.Header["Sec-Websocket-Protocol"] = tt.in.protocols
			id, err := newJWT(t, tt.in.inQuery).Authenticate(r)
			if tt.status == 0 {
				require.NoError(t, err)
				require.Equal(t, "ada", id.MemberID)
				return
			}
			refusal := refused(t, err)
			require.Equal(t, tt.status, refusal.Status)
			require.Contains(t, refusal.Message, tt.says)
			require.Equal(t, tt.status == http.StatusUnauthorized, refusal.Challenge != "")
			requireNothingOf(t, good, refusal)
			h := make(http.Header)
			refusal.SetHeader(h)
			require.Equal(t, refusal.Challenge, h.Get("WWW-Authenticate"))
			require.Equal(t, refusal.Message, refusal.Error())
		})
	}
}

func TestSubprotocolsNeverHoldTheToken(t *testing.T) {
	for _, tt := range []struct {
		offered []string
		want    []string
	}{
		{nil, nil},
		{[]string{"starling.v1"}, []string{"starling.v1"}},
		{[]string{"starling.token.a.b.c, starling.v1"}, []string{"starling.v1"}},
		{[]string{"starling.token.a.b.c", "starling.v1"}, []string{"starling.v1"}},
		{[]string{"starling.token.a.b.c"}, nil},
		{[]string{"starling.token.starling.v1, starling.v2, STARLING.V1"}, nil},
	} {
		r := httptest.NewRequest(http.MethodGet, "/ws", http.NoBody)
		r.Header["Sec-Websocket-Protocol"] = tt.offered
		require.Equal(t, tt.want, Subprotocols(r), "%q", tt.offered)
	}
}

type failingKeys struct{}

func (failingKeys) Keys(context.Context, string) ([]Key, error) {
	return nil, errors.New("the key server's password is hunter2")
}

// Keys of several ages verify side by side; a key without an algorithm, or none at all, verifies nothing.
func TestKeySources(t *testing.T) {
	now := func() time.Time { return testNow }
	other, err := NewHMACKey(HS256, []byte(strings.Repeat("x", 32)))
	require.NoError(t, err)
	key, err := NewHMACKey(HS256, testSecret)
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		source KeySource
		taken  bool
	}{
		"the second of two":    {keys{other, key}, true},
		"another one":          {keys{other}, false},
		"none":                 {keys{}, false},
		"a zero key":           {keys{{}}, false},
		"a source that fails":  {failingKeys{}, false},
		"with a zero key too":  {keys{{}, key}, true},
		"another algorithm's":  {keys{{algorithm: "HS512", material: testSecret}}, false},
		"another one's secret": {keys{{algorithm: "RS256", material: testSecret}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := NewJWT(JWTOptions{Keys: tt.source, Now: now})
			require.NoError(t, err)
			_, err = a.Renew(context.Background(), hs(hs256, goodClaims))
			if tt.taken {
				require.NoError(t, err)
				return
			}
			require.NotContains(t, refused(t, err).Message, "hunter2")
		})
	}
}

func TestJWTOptions(t *testing.T) {
	_, err := NewJWT(JWTOptions{})
	require.ErrorContains(t, err, "there are no keys")
	_, err = NewJWT(JWTOptions{Keys: keys{}, Leeway: time.Hour})
	require.ErrorContains(t, err, "a leeway of 1h0m0s is too long: at most 5m0s is right")

	key, err := NewHMACKey(HS256, testSecret)
	require.NoError(t, err)
	strict, err := NewJWT(JWTOptions{Keys: keys{key}, Leeway: -1, Now: func() time.Time { return testNow }})
	require.NoError(t, err)
	_, err = strict.Renew(context.Background(), hs(hs256, `{"sub":"ada","exp":1799999999}`))
	require.Error(t, err, "no leeway at all")
	id, err := strict.Renew(context.Background(), hs(hs256, goodClaims))
	require.NoError(t, err)
	require.Equal(t, time.Unix(1800000060, 0).Unix(), id.Expires.Unix())
}
