package hub

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

var badNames = map[string]struct{ name, says string }{
	"empty":          {"", "is empty, want 1 to 200 bytes"},
	"too long":       {strings.Repeat("x", 201), "has 201 bytes, want 1 to 200"},
	"long in bytes":  {strings.Repeat("é", 101), "has 202 bytes, want 1 to 200"},
	"not UTF-8":      {"a\xff", "is not UTF-8"},
	"surrogate":      {"a\xed\xa0\x80", "is not UTF-8"},
	"newline":        {"a\nb", `"a\nb" has a control character`},
	"NUL":            {"\x00", "has a control character"},
	"DEL":            {"a\x7f", "has a control character"},
	"C1 control":     {"a\u0085", "has a control character"},
	"only a newline": {"\n", "has a control character"},
}

func TestCheckName(t *testing.T) {
	long := []string{strings.Repeat("x", 200), strings.Repeat("é", 100)}
	for _, good := range append(long, "a", " ", "room:1", "a/b?c=d", "日本", "😀", "\u2028") {
		require.NoError(t, CheckName("channel", good), "%q", good)
	}
	for what, bad := range badNames {
		err := CheckName("channel", bad.name)
		require.ErrorIs(t, err, ErrInvalidName, what)
		require.ErrorContains(t, err, bad.says, what)
		require.True(t, strings.HasPrefix(err.Error(), "channel "), "%s", err)
	}
}

func TestCheckEventType(t *testing.T) {
	for _, good := range []string{"chat", "presences", "Join", "starling", "my:presence:join", "gaps"} {
		require.NoError(t, CheckEventType(good), "%q", good)
	}
	for _, reserved := range []string{
		"join", "leave", "publish", "typing", "presence", "ping", "pong", "welcome", "reply", "error", "reconnect", "gap", "auth",
		"presence:", "presence:join", "presence:snapshot", "starling:", "starling:anything",
	} {
		require.ErrorIs(t, CheckEventType(reserved), ErrReservedType, "%q", reserved)
	}
	for what, bad := range badNames {
		require.ErrorIs(t, CheckEventType(bad.name), ErrInvalidName, what)
	}
}

// Every method that takes names refuses bad ones and changes nothing.
func TestMethodsCheckNames(t *testing.T) {
	for what, bad := range badNames {
		t.Run(what, func(t *testing.T) {
			h := newHub(t, Options{})
			calls := map[string]func(channel, member string) error{
				"Join": func(channel, member string) error {
					_, err := h.Join(channel, member, newConn("a1"), JoinOptions{})
					return err
				},
				"Leave": func(channel, member string) error {
					_, err := h.Leave(channel, member, newConn("a1"))
					return err
				},
				"SetTyping": func(channel, member string) error { return h.SetTyping(channel, member, true, nil) },
			}
			for name, call := range calls {
				err := call(bad.name, "ann")
				require.ErrorIs(t, err, ErrInvalidName, name)
				require.ErrorContains(t, err, ": channel ", name)
				require.ErrorContains(t, err, bad.says, name)
				err = call(room, bad.name)
				require.ErrorIs(t, err, ErrInvalidName, name)
				require.ErrorContains(t, err, ": member id ", name)
				require.ErrorContains(t, err, bad.says, name)
			}
			_, err := h.Publish(bad.name, "chat", nil, PublishOptions{})
			require.ErrorIs(t, err, ErrInvalidName)
			_, err = h.Publish(room, bad.name, nil, PublishOptions{})
			require.ErrorIs(t, err, ErrInvalidName)
			requireEmpty(t, h)
		})
	}
}

func FuzzCheckName(f *testing.F) {
	for _, bad := range badNames {
		f.Add(bad.name)
	}
	f.Add("room")
	f.Add("presence:join")
	f.Add("starling:x")
	f.Fuzz(func(t *testing.T, s string) {
		good := len(s) >= 1 && len(s) <= MaxNameBytes && utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
		err := CheckName("channel", s)
		require.Equal(t, good, err == nil, "%q: %v", s, err)
		if err != nil {
			require.ErrorIs(t, err, ErrInvalidName)
			require.True(t, utf8.ValidString(err.Error()), "errors reach clients")
		}
		err = CheckEventType(s)
		switch {
		case !good:
			require.ErrorIs(t, err, ErrInvalidName)
		case err != nil:
			require.ErrorIs(t, err, ErrReservedType)
			require.NotErrorIs(t, err, ErrInvalidName)
		default:
			require.False(t, strings.HasPrefix(s, "presence:") || strings.HasPrefix(s, "starling:"), "%q", s)
		}
	})
}
