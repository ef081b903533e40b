//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers"
	"github.com/starling-realtime/starling/controllers/resources"
)

const (
	// apiKey is the key of the test's backend, apiSecret and apiEntry where the cluster finds it.
	apiKey    = "0d5f7bb1c0a94b7f8f5c6a1e3d2b4f60e2e"
	apiSecret = "e2e-api"
	apiEntry  = "keys"
	// messageBurst is more than members say at once, and less than somebody does who does nothing else.
	messagesPerSecond, messageBurst = 5, 20
)

// setEverything changes settings that only a real gateway can prove, in one go: see [world.settings].
func setEverything(spec *v1alpha1.RealtimeClusterSpec) {
	spec.Auth.APIKeysSecretRef = &v1alpha1.SecretKeyReference{Name: apiSecret, Key: apiEntry}
	spec.Auth.Rules = []v1alpha1.ChannelRule{{
		Channels: []v1alpha1.ChannelPattern{"room:*"}, Allow: []v1alpha1.ChannelAction{"join", "publish", "presence", "typing"},
	}}
	spec.Gateway.RateLimits.PerConnection = &v1alpha1.ConnectionRates{
		MessagesPerSecond: new(int32(messagesPerSecond)), MessageBurst: new(int32(messageBurst)),
	}
	spec.Gateway.UIActions = true
	spec.Rebalance.Policy = v1alpha1.RebalanceEven
}

// makeAPIKey makes the Secret that [setEverything] names.
func (w *world) makeAPIKey(t *testing.T) {
	t.Helper()
	require.NoError(t, w.api.Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: apiSecret},
		StringData: map[string]string{apiEntry: "backend " + apiKey + "\n"},
	}))
}

// settings proves on the pods what [setEverything] has set.
func (w *world) settings(t *testing.T) {
	since := w.mark()
	stranger := w.join(t, "stranger", false, nil)
	for m := range since {
		w.awaitFrame(t, m, since[m], "the stranger's arrival", func(r record) bool {
			return r.Type == "presence:join" && r.body().MemberID == "stranger"
		})
	}

	t.Log("auth.rules: no rule allows this channel")
	from := stranger.now()
	id, err := stranger.ask("join", map[string]any{"channel": "private"})
	require.NoError(t, err)
	refusal := w.awaitFrame(t, stranger, from, "a refusal", func(r record) bool { return r.Type == "error" && r.ID == id })
	require.Equal(t, "forbidden", refusal.body().Code)

	t.Log("rateLimits: whoever publishes all the time is held back")
	w.await(t, "the stranger is held back", func(context.Context) error {
		for range messageBurst {
			if err := stranger.request("publish", map[string]any{"type": "noise", "payload": 0}); err != nil {
				return err
			}
		}
		if len(stranger.got(from, func(r record) bool { return r.Type == "error" && r.body().Code == "rate_limited" })) == 0 {
			return errors.New("everything was accepted")
		}
		return nil
	})

	t.Log("apiKeysSecretRef: a backend publishes with its key")
	publish := "http://" + *w.address.Load() + "/v1/channels/" + url.PathEscape(channel) + "/publish"
	status, answer := w.post(t, publish, "no"+apiKey, `{"type":"news","payload":{"text":"no"}}`)
	require.Equal(t, http.StatusUnauthorized, status, answer)
	status, answer = w.post(t, publish, apiKey, `{"type":"news","payload":{"text":"of the backend"}}`)
	require.Equal(t, http.StatusOK, status, answer)
	for m := range since {
		w.awaitFrame(t, m, since[m], "news", func(r record) bool { return r.Type == "news" && r.body().Text == "of the backend" })
	}

	w.requireBalanced(t)
	w.requireActions(t, stranger)
	for m := range since {
		w.awaitFrame(t, m, since[m], "the stranger's leave", leaveOf("stranger"))
	}
	w.requireOneLeave(t, since, "stranger")
}

// requireBalanced waits until the operator has heard from every gateway that it rebalances. In the first minute after a change, and
// with so few clients, they do nothing.
func (w *world) requireBalanced(t *testing.T) {
	t.Helper()
	t.Log("rebalance: every gateway has the setting")
	w.await(t, "the gateways have the setting", func(ctx context.Context) error {
		rtc, err := w.cluster(ctx)
		if err != nil {
			return err
		}
		balanced := meta.FindStatusCondition(rtc.Status.Conditions, v1alpha1.ConditionBalanced)
		if balanced == nil || balanced.Status == metav1.ConditionFalse || balanced.Reason == controllers.ReasonNotObserved ||
			strings.Contains(balanced.Message, "does not have the setting") {
			return fmt.Errorf("the condition is %+v", balanced)
		}
		return nil
	})
}

// requireActions has the dashboard of another gateway than the stranger's disconnect it, reached as people reach it.
func (w *world) requireActions(t *testing.T, stranger *member) {
	t.Helper()
	t.Log("uiActions: the dashboard disconnects a member")
	other := ""
	for _, name := range w.requirePodNames(t) {
		if name != stranger.at() {
			other = name
		}
	}
	disconnect := "http://" + w.forward(t, other, resources.AdminPort) + "/ui/api/disconnect"
	status, answer := w.post(t, disconnect, "no"+apiKey, `{"member":"stranger"}`)
	require.Equal(t, http.StatusUnauthorized, status, answer)
	status, answer = w.post(t, disconnect, apiKey, `{"member":"stranger"}`)
	require.Equal(t, http.StatusOK, status, answer)
	require.JSONEq(t, `{"disconnected":1}`, answer)
	w.await(t, "the stranger is disconnected", func(context.Context) error {
		if at := stranger.at(); at != "" {
			return fmt.Errorf("it is at %s", at)
		}
		return nil
	})
	w.dismiss(stranger)
}

// post sends JSON with a key, and returns the status and the body.
func (w *world) post(t *testing.T, address, key, body string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithDeadline(t.Context(), w.deadline)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader([]byte(body)))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}
