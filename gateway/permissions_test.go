package gateway_test

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/protocol"
)

func TestRulesHoldOnTheWire(t *testing.T) {
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) {
		c.AuthRules = `[{"channels": ["public-*"], "allow": ["join", "presence", "publish"]},
			{"channels": ["user:{sub}"], "allow": ["join", "presence", "publish", "typing"]}, {"channels": ["quiet"], "allow": ["join"]}]`
	})
	p := s.member("ann")
	p.join("public-1")
	p.join("user:ann")
	for _, tc := range []struct{ request, channel string }{
		{`{"type":"join","payload":{"channel":"user:bob"}}`, "user:bob"},
		{`{"type":"join","payload":{"channel":"quiet"}}`, "quiet"},
		{`{"type":"join","payload":{"channel":"quiet","presence":"count"}}`, "quiet"},
		{`{"type":"typing","payload":{"channel":"public-1","typing":true}}`, "public-1"},
		{`{"type":"presence","id":1,"payload":{"channel":"user:bob"}}`, "user:bob"},
		{`{"type":"publish","payload":{"channel":"user:bob","type":"m"}}`, "user:bob"},
	} {
		p.say("%s", tc.request)
		f := p.expect("error")
		require.Equal(t, "forbidden", f.get(t, "code"), tc.request)
		require.Equal(t, tc.channel, f.get(t, "channel"))
	}
	p.say(`{"type":"join","id":2,"payload":{"channel":"quiet","presence":"none"}}`)
	p.expect("reply")
	p.say(`{"type":"publish","id":3,"payload":{"channel":"public-1","type":"m"}}`)
	p.expect("reply")
	p.say(`{"type":"publish","payload":{"channel":"quiet","type":"m"}}`)
	p.expectError(protocol.CodeForbidden)
	s.metric(`starling_errors_total{code="forbidden"} 7`)
}

// A new token takes away at once what it no longer allows.
func TestRenewalTakesChannelsAway(t *testing.T) {
	var secret string
	s, _ := jwtServer(t, nil)
	secret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	sign := func(channels any) string {
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
			"sub": "ann", "exp": time.Now().Add(time.Hour).Unix(), "channels": channels,
		}).SignedString([]byte(secret))
		require.NoError(t, err)
		return token
	}
	p := s.dialRaw("", bearer(sign([]string{"a", "b", "c"})))
	p.expect("welcome")
	for _, channel := range []string{"a", "b", "c"} {
		p.join(channel)
	}
	p.say(`{"type":"join","payload":{"channel":"d"}}`)
	p.expectError(protocol.CodeForbidden)
	p.say(`{"type":"auth","id":1,"payload":{"token":%q}}`, sign(map[string]any{"a": []string{"join", "presence"}, "b": []string{"join"}}))
	lost := map[any]string{}
	for range 2 {
		f := p.expect("error")
		lost[f.get(t, "channel")] = f.get(t, "message").(string)
	}
	p.expect("reply")
	require.Contains(t, lost["b"], "may not see any more who is in the channel")
	require.Contains(t, lost["c"], "may not do this")
	require.Zero(t, s.Hub().ConnectionCount("c"))
	require.Equal(t, 1, s.Hub().ConnectionCount("b"))
}

func TestBadRulesNameTheirPath(t *testing.T) {
	c := valid()
	c.AuthRules = `[{"channels": ["a", "b{"], "allow": ["join"]}]`
	require.ErrorContains(t, c.Validate(), "--auth-rules: rules[0].channels[1]: the pattern has a {")
	c.AuthRules = "@/no/such/file"
	require.NoError(t, c.Validate())
	_, err := gateway.New(c, gateway.Options{})
	require.ErrorContains(t, err, "--auth-rules")
}
