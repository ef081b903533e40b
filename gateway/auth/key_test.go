package auth

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLoadKeyFile(t *testing.T) {
	secret := strings.Repeat("k", 32)
	for name, tt := range map[string]struct{ content, says string }{
		"bytes alone":           {secret, ""},
		"a line end":            {secret + "\n", ""},
		"a line end of Windows": {secret + "\r\n", ""},
		"spaces count":          {strings.Repeat(" ", 32), ""},
		"too short":             {secret[1:], "an HS256 key of 31 bytes is too short: at least 32 random bytes are right"},
		"line ends do not help": {secret[1:] + "\n\n", "of 31 bytes"},
		"empty":                 {"", "of 0 bytes"},
		"a public key":          {"-----BEGIN PUBLIC KEY-----\n" + secret + "\n", "a PEM file is no HS256 key"},
		"another file":          {strings.Repeat("k", 1<<17), "which is no key: at most 65536 are right"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "jwt.key")
			require.NoError(t, os.WriteFile(path, []byte(tt.content), 0o600))
			key, err := LoadKeyFile(path)
			if tt.says != "" {
				require.ErrorContains(t, err, tt.says)
				require.ErrorContains(t, err, path)
				require.NotContains(t, err.Error(), "kkk")
				return
			}
			require.NoError(t, err)
			require.Equal(t, strings.TrimRight(tt.content, "\r\n"), string(key.secret))
		})
	}
	_, err := LoadKeyFile(filepath.Join(t.TempDir(), "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestKeysNeverPrintTheirSecret(t *testing.T) {
	secret := strings.Repeat("k", 32)
	key, err := NewHS256Key([]byte(secret))
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		require.NotContains(t, fmt.Sprintf(verb, key), "kkk", verb)
		require.NotContains(t, fmt.Sprintf(verb, &key), "kkk", verb)
		require.NotContains(t, fmt.Sprintf(verb, []Key{key}), "kkk", verb)
	}
}

func TestKeysAreCopied(t *testing.T) {
	secret := []byte(strings.Repeat("k", 32))
	key, err := NewHS256Key(secret)
	require.NoError(t, err)
	clear(secret)
	require.Equal(t, strings.Repeat("k", 32), string(key.secret))
}
