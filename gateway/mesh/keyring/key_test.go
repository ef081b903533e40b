package keyring

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/reload"
)

// keyOf returns a key made of one repeated byte.
func keyOf(b byte) Key {
	var k Key
	copy(k.secret[:], bytes.Repeat([]byte{b}, KeyBytes))
	return k
}

func TestParse(t *testing.T) {
	one, two := keyOf(1).Encode(), keyOf(2).Encode()
	var many strings.Builder
	for i := range MaxKeys + 1 {
		fmt.Fprintln(&many, keyOf(byte(i+1)).Encode())
	}
	tests := []struct {
		name, text string
		want       []Key
		err        string
	}{
		{name: "one", text: one, want: []Key{keyOf(1)}},
		{name: "order is kept", text: two + "\n" + one + "\n", want: []Key{keyOf(2), keyOf(1)}},
		{name: "comments and blanks", text: "# a\n\n  " + one + " \r\n \n#" + two, want: []Key{keyOf(1)}},
		{name: "empty", text: "", err: "no key found"},
		{name: "comments only", text: "# x\n", err: "no key found"},
		{name: "not base64", text: one + "\nsecret!", err: "line 2: not standard base64"},
		{name: "two on a line", text: one + " " + two, err: "line 1: not standard base64"},
		{name: "no padding", text: strings.TrimRight(one, "="), err: "line 1: not standard base64"},
		{name: "too short", text: "\n\nc2VjcmV0", err: "line 3: key has 6 bytes, want 32"},
		{name: "zeros", text: Key{}.Encode(), err: "line 1: key is all zeros"},
		{name: "twice", text: one + "\n#\n" + one, err: "line 3: same key as in line 1"},
		{name: "too many", text: many.String(), err: "line 17: more than 16 keys"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse([]byte(tt.text))
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				require.NotContains(t, err.Error(), "secret")
				require.NotContains(t, err.Error(), "c2VjcmV0")
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	_, err := Load(path)
	require.ErrorIs(t, err, os.ErrNotExist)

	require.NoError(t, os.WriteFile(path, []byte(keyOf(3).Encode()+"\n"), 0o600))
	keys, err := Load(path)
	require.NoError(t, err)
	require.Equal(t, []Key{keyOf(3)}, keys)

	require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
	_, err = Load(path)
	require.ErrorContains(t, err, path)
	require.ErrorContains(t, err, "line 1")

	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("#"), reload.MaxBytes+1), 0o600))
	_, err = Load(path)
	require.ErrorContains(t, err, "has more than")
}

func TestKeyEncodesAndParses(t *testing.T) {
	k := NewKey()
	require.NotEqual(t, k, NewKey())
	keys, err := Parse([]byte(k.Encode()))
	require.NoError(t, err)
	require.Equal(t, []Key{k}, keys)
}

func TestKeyIsNeverPrinted(t *testing.T) {
	k := keyOf('s')
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", k, "keys", []Key{k})
	asJSON, err := json.Marshal(map[string]any{"key": k})
	require.NoError(t, err)
	out := fmt.Sprintf("%v %+v %#v %s %x %d %q %v", k, k, k, k, k, k, k, []Key{k}) + log.String() + string(asJSON)
	require.NotContains(t, out, "ssss")
	require.NotContains(t, out, "7373")
	require.NotContains(t, out, "115")
	require.Contains(t, out, "redacted")
}

// TestDerivation pins the outputs: gateways of all releases must agree on them.
func TestDerivation(t *testing.T) {
	k := keyOf(7)
	a, err := newAuthority(k)
	require.NoError(t, err)
	public, ok := a.signer.Public().(ed25519.PublicKey)
	require.True(t, ok)
	require.Equal(t, "64bf20db", k.AdminToken()[:8], "admin token")
	require.Len(t, k.AdminToken(), 64)
	require.Equal(t, "ce77d9b1", hex.EncodeToString(derive(k.secret[:], infoMemberlist)[:4]), "memberlist key")
	require.Equal(t, "61b0938df8ad8e40", k.ID(), "id")
	require.Equal(t, "10a7d433", hex.EncodeToString(public[:4]), "link authority")
	outs := map[string]bool{}
	for _, info := range []string{infoMemberlist, infoAuthority, infoAdmin, infoInsecure, infoID} {
		outs[string(derive(k.secret[:], info))] = true
	}
	require.Len(t, outs, 5, "each info string gives another output")
	require.Equal(t, Insecure("a"), Insecure("a"))
	require.NotEqual(t, Insecure("a"), Insecure("b"))
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(keyOf(1).Encode() + "\n# x\n\n" + keyOf(2).Encode()))
	f.Add([]byte("ce77d9b1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := Parse(text)
		if err != nil {
			require.Empty(t, keys)
			return
		}
		require.NotEmpty(t, keys)
		var again strings.Builder
		for _, k := range keys {
			fmt.Fprintln(&again, k.Encode())
		}
		same, err := Parse([]byte(again.String()))
		require.NoError(t, err)
		require.Equal(t, keys, same)
	})
}
