package auth

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func subjectOf(t testing.TB, claims map[string]any) *Subject {
	t.Helper()
	member, _ := claims["sub"].(string)
	s, err := newSubject(member, claims)
	require.NoError(t, err)
	return s
}

func TestPatterns(t *testing.T) {
	who := subjectOf(t, map[string]any{"sub": "ann", "tenant": "acme", "n": float64(7), "empty": "", "list": []any{"x"}})
	for _, tt := range []struct {
		pattern string
		yes, no []string
	}{
		{"lobby", []string{"lobby"}, []string{"lobby2", "Lobby", "", "obby"}},
		{"*", []string{"", "a", "a:b/c"}, nil},
		{"orders:*", []string{"orders:", "orders:1", "orders:1:2"}, []string{"order:1", "orders", "xorders:1"}},
		{"*-public", []string{"a-public", "-public"}, []string{"a-public-", "public"}},
		{"a*b*c", []string{"abc", "aXbYc", "abbcc", "abcbc"}, []string{"ab", "ac", "acb", "bc"}},
		{"a*bc*bcd", []string{"abcbcd", "abcXbcd"}, []string{"abcd", "abcbc"}},
		{"aba*aba", []string{"abaaba", "abaXaba"}, []string{"aba", "ababa"}},
		{"user:{sub}", []string{"user:ann"}, []string{"user:anna", "user:bob", "user:{sub}", "user:"}},
		{"user:{sub}:*", []string{"user:ann:inbox"}, []string{"user:anna:inbox", "user:ann"}},
		{"*:{sub}", []string{"dm:bob:ann", ":ann"}, []string{"ann", "dm:ann:bob"}},
		{"*{sub}*", []string{"xannx", "aann"}, []string{"xbobx"}},
		{"{tenant}/{sub}", []string{"acme/ann"}, []string{"acme/", "/ann", "evil/ann"}},
		{"n{n}", []string{"n7"}, []string{"n7.0", "n"}},
		{"x{empty}", nil, []string{"x", "x{empty}"}},
		{"x{missing}", nil, []string{"x", "x{missing}"}},
		{"x{list}", nil, []string{"x", "xx"}},
		{"é*", []string{"éa"}, []string{"e"}},
	} {
		p, err := ParsePattern(tt.pattern)
		require.NoError(t, err, tt.pattern)
		for _, name := range tt.yes {
			require.True(t, p.Matches(name, who), "%s %s", tt.pattern, name)
		}
		for _, name := range tt.no {
			require.False(t, p.Matches(name, who), "%s %s", tt.pattern, name)
		}
	}
	// A member id is text, whatever is in it.
	for _, member := range []string{"*", "{sub}", "a*", "."} {
		p, err := ParsePattern("user:{sub}")
		require.NoError(t, err)
		who := AnonymousSubject(member)
		require.True(t, p.Matches("user:"+member, who))
		require.False(t, p.Matches("user:ann", who))
	}
}

func TestBadPatterns(t *testing.T) {
	for pattern, says := range map[string]string{
		"": "is empty", "a**b": "two stars", "a*b*c*d*e*f": "5 stars", "a{sub": "does not begin a claim's name", "a{}": "does not begin",
		"a{b c}": "does not begin", "a}b": "a } without", "{a{b}}": "does not begin", "a\x00": "control characters", "a\xff": "not UTF-8",
		strings.Repeat("a", 201): "201 bytes", "{*}": "does not begin",
	} {
		_, err := ParsePattern(pattern)
		require.ErrorContains(t, err, says, "%q", pattern)
	}
}

// slowly matches by trying everything, for patterns without claims.
func slowly(pattern, name string) bool {
	if pattern == "" {
		return name == ""
	}
	if pattern[0] == '*' {
		for i := 0; i <= len(name); i++ {
			if slowly(pattern[1:], name[i:]) {
				return true
			}
		}
		return false
	}
	return name != "" && name[0] == pattern[0] && slowly(pattern[1:], name[1:])
}

func FuzzPattern(f *testing.F) {
	for _, seed := range []string{"orders:*", "user:{sub}", "a*b*c", "{a}{b}*", "*{sub}*x", "}", "{"} {
		f.Add(seed, "orders:1", "ann")
	}
	f.Fuzz(func(t *testing.T, pattern, name, member string) {
		p, err := ParsePattern(pattern)
		if err != nil {
			return
		}
		require.Equal(t, pattern, p.String())
		got := p.Matches(name, AnonymousSubject(member))
		if !strings.Contains(pattern, "{") && len(name) < 200 {
			require.Equal(t, slowly(pattern, name), got, "%q %q", pattern, name)
		}
	})
}

// The decision table: who may do what where.
func TestDecisions(t *testing.T) {
	const some = `[
		{"channels": ["public-*"], "allow": ["join", "presence"]},
		{"channels": ["public-*"], "allow": ["publish"], "to": {"type": "Member"}},
		{"channels": ["user:{sub}"], "allow": ["join", "publish", "presence", "typing"], "to": {"type": "Member"}},
		{"channels": ["staff", "staff:*"], "allow": ["join", "publish"], "to": {"type": "Claim", "claim": "roles", "values": ["admin", "1"]}},
		{"channels": ["deep"], "allow": ["join"], "to": {"type": "Claim", "claim": "/a/b~1c", "values": ["x"]}},
		{"channels": ["scoped"], "allow": ["join"], "to": {"type": "Claim", "claim": "scope", "values": ["chat"]}}
	]`
	ann := map[string]any{"sub": "ann"}
	with := func(name string, value any) map[string]any { return map[string]any{"sub": "ann", name: value} }
	for _, tt := range []struct {
		name, rules string
		claims      map[string]any // nil: anonymous
		channel     string
		want        Action
	}{
		{"no rules, anonymous", "", nil, "x", AllActions},
		{"no rules, a token", "", ann, "x", AllActions},
		{"no rule in the list", "[]", ann, "x", 0},
		{"a rule for everyone, anonymous", some, nil, "public-1", Join | Presence},
		{"and one more for members", some, ann, "public-1", Join | Presence | Publish},
		{"no rule for the channel", some, ann, "private", 0},
		{"one's own", some, ann, "user:ann", AllActions},
		{"another's", some, ann, "user:bob", 0},
		{"an anonymous name proves nothing", some, nil, "user:ann", 0},
		{"a claim in a list", some, with("roles", []any{"user", "admin"}), "staff:1", Join | Publish},
		{"a claim as text", some, with("roles", "admin"), "staff", Join | Publish},
		{"a claim as a number", some, with("roles", float64(1)), "staff", Join | Publish},
		{"a claim with another value", some, with("roles", "administrator"), "staff", 0},
		{"a claim of another kind", some, with("roles", map[string]any{"admin": true}), "staff", 0},
		{"a claim that is missing", some, ann, "staff", 0},
		{"a claim in other letters", some, with("Roles", "admin"), "staff", 0},
		{"a nested claim", some, with("a", map[string]any{"b/c": []any{"x"}}), "deep", Join},
		{"a nested claim that is not there", some, with("a", "x"), "deep", 0},
		{"a scope among others", some, with("scope", "mail chat"), "scoped", Join},
		{"a scope in a word", some, with("scope", "chatty"), "scoped", 0},
		{"a token's list alone", "", with("channels", []any{"room:*"}), "room:1", AllActions},
		{"and nothing else", "", with("channels", []any{"room:*"}), "x", 0},
		{"an empty list allows nothing", "", with("channels", []any{}), "room:1", 0},
		{"a token's actions", "", with("channels", map[string]any{"room:*": []any{"join"}, "*": []any{"presence"}}), "room:1", Join | Presence},
		{"rules and the token together", some, with("channels", map[string]any{"public-1": []any{"typing"}}), "public-1", AllActions},
		{"the rules hold beside a token's", some, with("channels", []any{"room:1"}), "public-2", Join | Presence | Publish},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var rules *Rules
			if tt.rules != "" {
				var err error
				rules, err = ParseRules([]byte(tt.rules))
				require.NoError(t, err)
			}
			who := AnonymousSubject("ann")
			if tt.claims != nil {
				who = subjectOf(t, tt.claims)
			}
			may := rules.For(who)
			for actions := Action(1); actions <= AllActions; actions++ {
				require.Equal(t, actions&^tt.want == 0, may.Allow(actions, tt.channel), "%b", actions)
			}
		})
	}
	var zero Permissions
	require.True(t, zero.Allow(AllActions, "x"))
	empty := (&Rules{}).For(nil)
	require.False(t, empty.Allow(Join, "x"))
}

func TestBadRulesAreNamed(t *testing.T) {
	for text, says := range map[string]string{
		``:                                   "rules: want a JSON list",
		`{}`:                                 "rules: want a JSON list",
		`[] []`:                              "something follows",
		`[{"channels":["a"],"alow":[]}]`:     `unknown field "alow"`,
		`[{"channels":[],"allow":["join"]}]`: "rules[0].channels: has 0 patterns",
		`[{"channels":["a"],"allow":["join"]},{"channels":["a","b**"],"allow":["join"]}]`:               "rules[1].channels[1]: the pattern has two stars",
		`[{"channels":["a"],"allow":["join","write"]}]`:                                                 `rules[0].allow[1]: "write" is no action`,
		`[{"channels":["a"],"allow":[]}]`:                                                               "rules[0].allow: is empty",
		`[{"channels":["a"],"allow":["join"],"to":{"type":"claim"}}]`:                                   `rules[0].to.type: is "claim"`,
		`[{"channels":["a"],"allow":["join"],"to":{"type":"Claim","claim":"x"}}]`:                       "rules[0].to: needs claim",
		`[{"channels":["a"],"allow":["join"],"to":{"type":"Member","claim":"x"}}]`:                      `need type "Claim"`,
		`[{"channels":["a"],"allow":["join"],"to":{"type":"Claim","claim":"x","values":[""]}}]`:         "an empty value",
		`[` + strings.TrimSuffix(strings.Repeat(`{"channels":["a"],"allow":["join"]},`, 33), ",") + `]`: "has 33 rules",
	} {
		_, err := ParseRules([]byte(text))
		require.ErrorContains(t, err, says, text)
	}
}

func TestTokensWithBadChannelsAreRefused(t *testing.T) {
	for _, claim := range []string{`"room"`, `7`, `null`, `[7]`, `["secret**"]`, `{"room":"join"}`, `{"room":["write"]}`, `{"":["join"]}`, `{"room":[7]}`} {
		_, err := newJWT(t, false).Renew(context.Background(), hs(hs256, `{"sub":"ada","exp":1800000060,"channels":`+claim+`}`))
		refusal := refused(t, err)
		require.Equal(t, http.StatusUnauthorized, refusal.Status)
		require.Contains(t, refusal.Message, "channels claim is not right")
		require.NotContains(t, refusal.Message, "secret")
	}
}

// A pattern that would take a backtracking matcher years.
func TestMatchingDoesNotExplode(t *testing.T) {
	p, err := ParsePattern("*a*a*a*b")
	require.NoError(t, err)
	begin := time.Now()
	for range 1000 {
		require.False(t, p.Matches(strings.Repeat("a", 200), AnonymousSubject("x")))
	}
	t.Log(time.Since(begin))
}

func TestAllowAllocatesNothing(t *testing.T) {
	may := manyRules(t)
	require.Zero(t, testing.AllocsPerRun(100, func() { _ = may.Allow(Publish, "user:ann") }))
}

func manyRules(t testing.TB) Permissions {
	t.Helper()
	var list []string
	for i := range 10 {
		list = append(list, fmt.Sprintf(`{"channels":["room%d:*","x%d:{tenant}:*"],"allow":["join","publish"]}`, i, i))
	}
	list = append(list, `{"channels":["user:{sub}"],"allow":["publish"]}`)
	rules, err := ParseRules([]byte("[" + strings.Join(list, ",") + "]"))
	require.NoError(t, err)
	return rules.For(subjectOf(t, map[string]any{"sub": "ann", "tenant": "acme"}))
}

func BenchmarkAllow(b *testing.B) {
	may := manyRules(b)
	b.ReportAllocs()
	for b.Loop() {
		if !may.Allow(Publish, "user:ann") {
			b.Fatal("forbidden")
		}
	}
}
