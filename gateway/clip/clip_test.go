package clip

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestText(t *testing.T) {
	for _, c := range []struct {
		text string
		most int
		want string
	}{
		{"", 0, ""},
		{"short", 5, "short"},
		{"longer", 5, "longe…"},
		{"näher", 2, "n…"},
		{"näher", 3, "nä…"},
		{"\x80\x80\x80", 2, "…"},
	} {
		require.Equal(t, c.want, Text(c.text, c.most))
	}
}
