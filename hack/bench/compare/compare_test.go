package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/internal/bench"
	"github.com/starling-realtime/starling/internal/bench/dialect"
)

func TestMessagesAreJSON(t *testing.T) {
	payload := dialect.AppendPayload(nil, dialect.Mark{Stream: 1, Seq: 2, At: 3}, 100)
	for name, d := range dialects() {
		for _, msg := range [][]byte{d.Join(nil, 1, "c1", ""), d.Leave(nil, 2, "c1"), d.Publish(nil, 3, "c1", payload, true)} {
			if name == "socketio" {
				msg = bytes.TrimLeft(msg, "0123456789") // the packet's type and id
			}
			require.True(t, json.Valid(msg), "%s: %s", name, msg)
		}
	}
}

func TestAnswersAreUnderstood(t *testing.T) {
	for msg, want := range map[string]dialect.Kind{
		`{"id":1,"connect":{"client":"x"}}`:                                  dialect.Ready,
		`{"id":2,"subscribe":{}}`:                                            dialect.Joined,
		`{"id":3,"error":{"code":103,"message":"permission denied"}}`:        dialect.Refused,
		`{"push":{"channel":"c1","join":{"info":{"user":"","client":"x"}}}}`: dialect.Appeared,
		`{}`:                    dialect.Answer,
		`{"id":3,"publish":{}}`: dialect.Other,
	} {
		require.Equal(t, want, centrifugo{}.Read([]byte(msg)).Kind, msg)
	}
	for msg, want := range map[string]dialect.Kind{
		`0{"sid":"x"}`: dialect.Other, `40{"sid":"x"}`: dialect.Ready, `431[]`: dialect.Joined, `2`: dialect.Answer, `44{}`: dialect.Refused,
	} {
		require.Equal(t, want, socketio{}.Read([]byte(msg)).Kind, msg)
	}
}

// The ratio is the median of the rounds' ratios, not the ratio of medians.
func TestTable(t *testing.T) {
	report := func(system string, p99 float64) *bench.Report {
		q := &bench.Quantiles{P50: 1, P99: p99}
		return &bench.Report{Scenario: "fanout", System: system, Traffic: &bench.Traffic{Latency: q}, Faults: []string{"loss"}}
	}
	var out bytes.Buffer
	writeTable(&out, []string{"a", "b"}, []*bench.Report{
		report("a", 1), report("b", 2), report("a", 10), report("b", 100), report("a", 3), report("b", 3),
	})
	require.Contains(t, out.String(), "| | a | b | ratio to b |\n|---|---|---|---|\n")
	require.Contains(t, out.String(), "| p99 ms | 3 | 3 | 0.5 |\n")
	require.Contains(t, out.String(), "b, round 2: loss")
}
