package protocol_test

import (
	"encoding/json"
	"testing"

	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/hub"
)

var payload = json.RawMessage(`{"user":"alice","text":"the quick brown fox jumps over the lazy dog","ts":1712345678,"flags":["a","b"]}`)

func BenchmarkParsePublish(b *testing.B) {
	frame := []byte(`{"type":"publish","id":12,"payload":{"channel":"room:1234","type":"message","payload":` + string(payload) + `}}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		if _, err := protocol.ParseRequest(frame); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeEvent(b *testing.B) {
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			e := hub.Event{Type: "message", Channel: "room:1234", From: "alice", MID: "3f2a-1k", Payload: payload, UnixMilli: 1767225600123}
			_ = protocol.EventFrame(&e)
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			body, err := json.Marshal(struct {
				Type    string          `json:"type"`
				Channel string          `json:"channel"`
				From    string          `json:"from"`
				MID     string          `json:"mid"`
				Payload json.RawMessage `json:"payload"`
				TS      int64           `json:"ts"`
			}{"message", "room:1234", "alice", "3f2a-1k", payload, 1767225600123})
			if err != nil {
				b.Fatal(err)
			}
			_ = protocol.TextFrame(body)
		}
	})
}

func BenchmarkParseJoin(b *testing.B) {
	frame := []byte(`{"type":"join","id":3,"payload":{"channel":"room:1234","presence":"count"}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := protocol.ParseRequest(frame); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeSnapshot(b *testing.B) {
	snapshot := hub.Snapshot{Channel: "room:1234", MemberCount: 10}
	for range 10 {
		snapshot.Members = append(snapshot.Members, "member-0123456789")
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = protocol.SnapshotFrame(snapshot, 1767225600123)
	}
}

func BenchmarkEncodeWelcome(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = protocol.Welcome{ConnID: "3f2a-1k", MemberID: "alice", Gateway: "g-1", HeartbeatMs: 15000, MaxMessageBytes: 65536}.Frame(1767225600123)
	}
}
