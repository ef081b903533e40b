package link

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/hub"
)

// Whichever side drops a key first breaks the connections that were made with it. They come back with the other key, and the
// stream goes on.
func TestDroppedKey(t *testing.T) {
	old, next := keyring.NewKey(), keyring.NewKey()
	ring := func(boot hub.Boot) *keyring.Keyring {
		r, err := keyring.New(keyring.Identity{Cluster: "test", Boot: boot}, []keyring.Key{old})
		require.NoError(t, err)
		return r
	}
	for _, side := range []string{"sender", "receiver"} {
		t.Run(side, func(t *testing.T) {
			sending, receiving := ring(bootA), ring(bootB)
			n := startNode(t, bootB, func(c *ReceiverConfig) { c.TLS = receiving.ServerConfig() })
			s, e := startSender(t, n, bootB, func(c *SenderConfig) { c.TLS = clientTLS(sending, bootB) })
			send := func(body string) {
				t.Helper()
				_, err := s.Enqueue(ClassState, FirstKind, []byte(body))
				require.NoError(t, err)
				flush(t, s)
			}
			recheck := func() {
				s.Recheck()
				n.Recheck()
			}
			send("with the old key")
			for _, r := range []*keyring.Keyring{sending, receiving} {
				require.NoError(t, r.Set([]keyring.Key{next, old}))
			}
			recheck()
			send("while both are accepted")
			require.Equal(t, 1, count(e, &e.linked)(), "a key that is accepted breaks nothing")

			first := sending
			if side == "receiver" {
				first = receiving
			}
			require.NoError(t, first.Set([]keyring.Key{next}))
			recheck()
			eventually(t, func() bool { return count(e, &e.linked)() == 2 }, "linked again")
			send("with the next key")
			for _, r := range []*keyring.Keyring{sending, receiving} {
				require.NoError(t, r.Set([]keyring.Key{next}))
			}
			recheck()
			send("with nothing else")
			require.Equal(t, 2, count(e, &e.linked)())
			require.Zero(t, count(e, &e.resets)())
			require.Zero(t, n.refusals(ReasonBadKey)+n.refusals(ReasonNotAccepted))
			require.Equal(t, []string{"with the old key", "while both are accepted", "with the next key", "with nothing else"},
				n.handler.received(bootA))
		})
	}
}
