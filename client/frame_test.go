package client

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serverExamples are the frames of docs/protocol.md.
func serverExamples(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile("../docs/protocol.md")
	require.NoError(t, err)
	var list []string
	for _, m := range regexp.MustCompile("(?s)```json server\n(.*?)\n```").FindAllStringSubmatch(string(text), -1) {
		list = append(list, m[1])
	}
	require.NotEmpty(t, list)
	return list
}

func TestDocumentedFramesAreRead(t *testing.T) {
	for _, text := range serverExamples(t) {
		f, err := parseFrame([]byte(text))
		require.NoError(t, err, text)
		require.NotEmpty(t, f.Type)
	}
	f, err := parseFrame([]byte(`{"type":"presence:snapshot","payload":{"channel":"r","members":["a"],"memberCount":9,"typing":["a"],"truncated":true}}`))
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, f.body.typingMembers)
	require.True(t, f.body.Truncated)
}

func FuzzParseFrame(f *testing.F) {
	for _, text := range serverExamples(f) {
		f.Add([]byte(text))
	}
	f.Add([]byte(`{"type":"typing","payload":{"typing":[1]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := parseFrame(data)
		if err != nil {
			return
		}
		require.True(t, json.Valid(data))
		_ = frame.body.err().Error()
		require.GreaterOrEqual(t, millis(frame.body.AfterMs, mostAfter), time.Duration(0))
		require.LessOrEqual(t, millis(frame.body.AfterMs, mostAfter), mostAfter)
	})
}

func TestRequestsAreJSON(t *testing.T) {
	require.JSONEq(t, `{"type":"ping","id":7,"payload":null}`, string(encode("ping", 7, []byte("null"))))
	ch := &Channel{quoted: quote("a\"b\u2028<"), name: "a"}
	b := ch.publishPayload("t\\", []byte(`{"x":1}`), PublishOptions{Except: ExceptNone, Key: "k\""})
	require.JSONEq(t, `{"channel":"a\"b\u2028<","type":"t\\","payload":{"x":1},"except":"none","key":"k\""}`, string(b))
}

func TestRetryAfterHeader(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-7": 0, "soon": 0, "99999999999999": maxRetryAfter, "86400": maxRetryAfter,
		now.Add(time.Minute).Format(http.TimeFormat): time.Minute, now.Add(-time.Minute).Format(http.TimeFormat): 0,
	} {
		require.Equal(t, want, retryAfter(http.Header{"Retry-After": {value}}, now), value)
	}
}

func TestBackoffDoublesUpToItsBound(t *testing.T) {
	r := newRetrier(Backoff{First: time.Second, Max: 30 * time.Second})
	r.jitter = func(most time.Duration) time.Duration { return most }
	var got []time.Duration
	for range 7 {
		got = append(got, r.next(0)/time.Second)
	}
	require.Equal(t, []time.Duration{1, 2, 4, 8, 16, 30, 30}, got)
	require.False(t, r.lived(10*time.Second), "that short a life shows nothing")
	require.True(t, r.lived(time.Minute))
	require.Equal(t, 6*time.Second, r.next(5*time.Second))
}
