package keyring

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/starling-realtime/starling/hub"
)

func TestCheckCluster(t *testing.T) {
	for _, good := range []string{"default", "a", "A-1", "prod.eu_1", "x-", strings.Repeat("a", 63)} {
		require.NoError(t, CheckCluster(good), good)
	}
	for _, bad := range []string{"", "-a", ".a", "a.", "a..b", "a b", "a/b", "é", "a:1", "a@b", strings.Repeat("a", 64), "a\n"} {
		require.ErrorContains(t, CheckCluster(bad), "want 1 to 63", bad)
	}
}

func TestNewChecksIdentity(t *testing.T) {
	_, err := New(Identity{Cluster: "a b", Boot: 1}, []Key{keyOf(1)})
	require.ErrorContains(t, err, "cluster name")
	_, err = New(Identity{Cluster: "a"}, []Key{keyOf(1)})
	require.ErrorContains(t, err, "boot is zero")
	_, err = New(Identity{Cluster: "a", Boot: 1}, nil)
	require.ErrorContains(t, err, "0 mesh keys")
}

// TestAnyClusterNameMakesACertificate guards against names that pass our check and fail x509's.
func TestAnyClusterNameMakesACertificate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Za-z0-9]([-_A-Za-z0-9]|\.[-_A-Za-z0-9]){0,31}`).Draw(t, "cluster")
		boot := hub.Boot(rapid.Uint64Min(1).Draw(t, "boot"))
		r, err := New(Identity{Cluster: name, Boot: boot}, []Key{keyOf(1)})
		if err != nil {
			t.Fatal(err)
		}
		got, err := identityOf(r.set.members[0].leaf.Leaf)
		if err != nil || got != r.id {
			t.Fatalf("got %v, %v; want %v", got, err, r.id)
		}
	})
}

func TestParseIdentityRefusesOtherSpellings(t *testing.T) {
	for _, s := range []string{
		"starling://prod/0000000000000000", "starling://prod/1", "starling://prod/00000000000000AB", "starling://prod/+00000000000000a",
		"http://prod/00000000000000ab", "starling://u@prod/00000000000000ab", "starling://prod:1/00000000000000ab",
		"starling://prod/00000000000000ab?x", "starling://prod/00000000000000ab#x", "starling:///00000000000000ab",
	} {
		u, err := url.Parse(s)
		require.NoError(t, err)
		_, err = parseIdentity(u)
		require.Error(t, err, s)
	}
}

func FuzzParseIdentity(f *testing.F) {
	f.Add("starling://prod/00000000000000ab")
	f.Fuzz(func(t *testing.T, s string) {
		u, err := url.Parse(s)
		if err != nil {
			return
		}
		if id, err := parseIdentity(u); err == nil {
			require.Equal(t, u.String(), id.String())
			require.NotZero(t, id.Boot)
			require.NoError(t, CheckCluster(id.Cluster))
		}
	})
}
