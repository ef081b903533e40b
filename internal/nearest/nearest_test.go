package nearest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestName(t *testing.T) {
	fields := []string{"channels", "channelsPerConnection", "connections", "key", "name"}
	for name, want := range map[string]string{
		"chanels": "channels", "ConnectionS": "connections", "nmae": "name", "nam": "name", "kez": "key", "zzz": "", "": "",
		strings.Repeat("connections", 10): "",
	} {
		got, _ := Name(name, fields)
		require.Equal(t, want, got, "nearest to %q", name)
	}
}
