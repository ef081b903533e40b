package up_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
)

const head = "apiVersion: realtime.starling.dev/v1alpha1\nkind: RealtimeCluster\nmetadata: {name: chat}\n"

const anonymous = head + `spec:
  replicas: 3
  auth: {type: Anonymous}
  presence: {disconnectGraceSeconds: 6, nodeGraceSeconds: 6}
`

func TestChatAcrossGatewaysThroughAKillAndTheEnd(t *testing.T) {
	up := startUp(t, anonymous)
	address := up.address()

	alice := connect(t, address, "alice", nil)
	bob := connectElsewhere(t, address, "bob", alice.gateway)
	carol := connectElsewhere(t, address, "carol", alice.gateway, bob.gateway)
	for _, c := range []*client{alice, bob, carol} {
		c.join("general")
	}
	for _, c := range []*client{alice, bob, carol} {
		c.awaitMembers("general", "alice", "bob", "carol")
	}

	alice.publish("general", "hello")
	for _, c := range []*client{bob, carol} {
		require.Equal(t, "alice", c.await("alice's message", chat("hello")).From)
	}
	carol.request("typing", map[string]any{"channel": "general", "typing": true})
	require.True(t, alice.await("carol's typing", event("typing", "carol")).body().Typing)

	// Dave is where Carol is, and will not come back.
	dave := connectElsewhere(t, address, "dave", alice.gateway, bob.gateway)
	dave.join("general")
	alice.await("dave's arrival", event("presence:join", "dave"))
	bob.await("dave's arrival", event("presence:join", "dave"))

	victim := up.pid(carol.gateway)
	require.NoError(t, syscall.Kill(victim, syscall.SIGKILL))
	require.Error(t, carol.awaitEnd())
	carolAgain := connectElsewhere(t, address, "carol", carol.gateway)
	carolAgain.join("general")
	up.await(carol.gateway + ` ended \(signal: killed\)`)
	eventually(t, "the gateway runs again", func() error {
		if up.pid(carol.gateway) == victim {
			return errNotYet
		}
		return nil
	})
	up.await(carol.gateway + ` started, pid \d+,[^\n]*\n(?:[^\n]*\n)*[^\n]* ` + carol.gateway + ` is ready`)

	for _, c := range []*client{alice, bob} {
		c.await("dave's departure", event("presence:leave", "dave"))
	}
	erin := connectElsewhere(t, address, "erin", alice.gateway, bob.gateway)
	require.Equal(t, carol.gateway, erin.gateway, "it is back in service")
	erin.join("general")
	for _, c := range []*client{alice, bob, carolAgain, erin} {
		c.awaitMembers("general", "alice", "bob", "carol", "erin")
	}
	erin.publish("general", "hello again")
	for _, c := range []*client{alice, bob, carolAgain} {
		c.await("a message from the gateway that is back", chat("hello again"))
	}

	time.Sleep(quiet)
	for _, c := range []*client{alice, bob} {
		require.Zero(t, c.seen(event("presence:leave", "carol")), "carol came back in time, so %s must not see her leave", c.member)
		require.Equal(t, 1, c.seen(event("presence:leave", "dave")))
		require.LessOrEqual(t, c.seen(chat("hello")), 1)
		require.Equal(t, 1, c.seen(chat("hello again")))
	}
	require.Zero(t, alice.seen(chat("hello")), "a publish does not come back to its own connection")

	require.NoError(t, up.cmd.Process.Signal(os.Interrupt))
	for _, c := range []*client{alice, bob, carolAgain, erin} {
		ended := c.awaitEnd()
		require.True(t, websocket.IsCloseError(ended, websocket.CloseServiceRestart, websocket.CloseGoingAway), "%s: %v", c.member, ended)
	}
	<-up.done
	require.Zero(t, up.cmd.ProcessState.ExitCode())
	up.requireNothingLeft()
}

func TestKilledUpLeavesNothing(t *testing.T) {
	up := startUp(t, anonymous)
	address := up.address()
	alice := connect(t, address, "alice", nil)
	require.Len(t, up.pids(), 3)
	require.NoError(t, up.cmd.Process.Kill())
	<-up.done
	require.Error(t, alice.awaitEnd())
	up.requireNothingLeft()
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	up := startUp(t, anonymous, "--shutdown-timeout=10m")
	alice := connect(t, up.address(), "alice", nil)
	require.NoError(t, up.cmd.Process.Signal(os.Interrupt))
	up.await("stopping 3 gateways")
	eventually(t, "a second signal ends it", func() error {
		select {
		case <-up.done:
			return nil
		default:
			_ = up.cmd.Process.Signal(os.Interrupt)
			return errNotYet
		}
	})
	require.Error(t, alice.awaitEnd())
	up.requireNothingLeft()
}

func TestDemoPage(t *testing.T) {
	for flag, want := range map[string]int{"--demo=true": http.StatusOK, "--demo=false": http.StatusNotFound} {
		up := startUp(t, head+"spec: {replicas: 1, auth: {type: Anonymous}}", flag)
		address := up.await(`clients connect to ws://(\S+)/ws`)[1]
		response, err := http.Get("http://" + address + "/")
		require.NoError(t, err)
		page, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, want, response.StatusCode)
		if want == http.StatusOK {
			require.Contains(t, string(page), "<html")
		}
	}
}

func TestTokens(t *testing.T) {
	secret := strings.Repeat("k", 32)
	key := filepath.Join(t.TempDir(), "jwt.key")
	require.NoError(t, os.WriteFile(key, []byte(secret+"\n"), 0o600))
	up := startUp(t, head+`spec:
  replicas: 2
  auth: {type: JWT, jwt: {keys: [{name: primary, secretRef: {name: chat-jwt, key: key}}]}}
`, "--jwt-key-file", key)
	address := up.address()

	_, response, err := websocket.DefaultDialer.Dial("ws://"+address+"/ws?member=alice", nil)
	require.ErrorIs(t, err, websocket.ErrBadHandshake)
	require.Equal(t, http.StatusUnauthorized, response.StatusCode)

	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Subject: "alice", ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour)),
	}).SignedString([]byte(secret))
	require.NoError(t, err)
	alice := connect(t, address, "alice", http.Header{"Authorization": {"Bearer " + token}})
	alice.join("general")
	alice.awaitMembers("general", "alice")
	require.NotContains(t, up.output(), token)
	require.NotContains(t, up.output(), secret)
}

func TestBadKeyIsRefusedBeforeAnythingStarts(t *testing.T) {
	key := filepath.Join(t.TempDir(), "jwt.key")
	require.NoError(t, os.WriteFile(key, []byte("too short"), 0o600))
	up := startUp(t, head+`spec:
  auth: {type: JWT, jwt: {keys: [{name: primary, secretRef: {name: chat-jwt, key: key}}]}}
`, "--jwt-key-file", key)
	up.requireFailed(t)
	require.Contains(t, up.output(), "--jwt-key-file")
	require.NotContains(t, up.output(), "too short\n")
	up.requireNothingLeft()
}

// requireFailed waits until the command has given up.
func (c *cluster) requireFailed(t *testing.T) {
	t.Helper()
	select {
	case <-c.done:
	case <-time.After(patience):
		require.Fail(t, "it still tries")
	}
	require.NotZero(t, c.cmd.ProcessState.ExitCode())
}
