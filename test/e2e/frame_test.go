//go:build e2e

package e2e

import (
	"encoding/json"
	"time"
)

// A frame is what both sides send.
type frame struct {
	Type    string          `json:"type"`
	Channel string          `json:"channel,omitempty"`
	From    string          `json:"from,omitempty"`
	MID     string          `json:"mid,omitempty"`
	ID      int             `json:"id,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// body is what these tests read of payloads.
type body struct {
	Gateway   string   `json:"gateway"`
	MemberID  string   `json:"memberId"`
	Members   []string `json:"members"`
	Typing    bool     `json:"typing"`
	Text      string   `json:"text"`
	AfterMs   int64    `json:"afterMs"`
	OverlapMs int64    `json:"overlapMs"`
	Code      string   `json:"code"`
	Partial   bool     `json:"partial"`
	Message   string   `json:"message"`
}

func (f frame) body() body {
	var b body
	_ = json.Unmarshal(f.Payload, &b) // payloads of other shapes have none of the fields
	return b
}

// A record is a frame that a member got.
type record struct {
	frame
	at time.Time
	// conn and gateway are where it came from.
	conn    *conn
	gateway string
}
