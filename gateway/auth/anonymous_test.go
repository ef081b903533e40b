package auth

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnonymous(t *testing.T) {
	for name, tt := range map[string]struct{ query, member, says string }{
		"a name":              {"member=ada", "ada", ""},
		"any UTF-8":           {"member=Zo%C3%AB+%F0%9F%A6%9C", "Zoë 🦜", ""},
		"among others":        {"session=1&member=ada", "ada", ""},
		"the longest":         {"member=" + strings.Repeat("x", 200), strings.Repeat("x", 200), ""},
		"missing":             {"", "", "the member id is missing: add ?member=ID to the address"},
		"empty":               {"member=", "", "member id is empty, want 1 to 200 bytes"},
		"too long":            {"member=" + strings.Repeat("x", 201), "", "has 201 bytes, want 1 to 200"},
		"control character":   {"member=a%00b", "", "control character"},
		"not UTF-8":           {"member=%ff", "", "not UTF-8"},
		"twice":               {"member=ada&member=eve", "", "is given 2 times: once is right"},
		"malformed":           {"member=%zz", "", "query string is malformed"},
		"malformed elsewhere": {"member=ada;x=1", "", "query string is malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/ws?"+tt.query, http.NoBody)
			id, err := Anonymous{}.Authenticate(r)
			if tt.says == "" {
				require.NoError(t, err)
				require.Equal(t, Identity{MemberID: tt.member, Subject: AnonymousSubject(tt.member), Method: "anonymous"}, id)
				return
			}
			refusal := refused(t, err)
			require.Equal(t, http.StatusBadRequest, refusal.Status)
			require.Equal(t, "bad_request", refusal.Code)
			require.Contains(t, refusal.Message, tt.says)
			require.Empty(t, refusal.Challenge)
		})
	}
}
