package crowd

import (
	"time"

	"github.com/starling-realtime/starling/client"
)

// A Report says what a crowd went through between [Crowd.Mark] and [Crowd.Account]. Observers are clients; a message that ten clients
// miss is lost ten times.
type Report struct {
	Scenario string  `json:"scenario"`
	Clients  int     `json:"clients"`
	Channels int     `json:"channels"`
	Seconds  float64 `json:"seconds"`

	Published int `json:"published"` // accepted
	Unknown   int `json:"unknown"`   // publishes that failed, which may or may not have been accepted
	Delivered int `json:"delivered"`
	// Lost were owed, did not come, and no gap told so. LostWithGap did not come either, but a gap told.
	Lost        int `json:"lost"`
	LostWithGap int `json:"lostWithGap"`
	Duplicates  int `json:"duplicates"`
	// OutOfOrder came after a later one of the same publisher at the same gateway. Crossed came after a later one across a move, where no
	// order is promised: the publisher published at another gateway, or the listener was reading two connections.
	OutOfOrder int                     `json:"outOfOrder"`
	Crossed    int                     `json:"crossed"`
	Gaps       map[client.GapCause]int `json:"gaps,omitempty"`

	// FalseLeaves were seen of members that did not vanish, by observers that kept their connection or moved as asked.
	// FalseLeavesBroken are the same, seen by observers whose connection broke.
	FalseLeaves       int `json:"falseLeaves"`
	FalseLeavesBroken int `json:"falseLeavesBroken"`
	FalseJoins        int `json:"falseJoins"`
	FalseJoinsBroken  int `json:"falseJoinsBroken"`

	// Moves were asked for by the gateway, and Breaks were not.
	Moves  int `json:"moves"`
	Breaks int `json:"breaks"`
	// Refused counts attempts to connect that failed.
	Refused int `json:"refused"`
	// ByMID counts messages that came on both connections of a move, and that clients dropped by their id.
	ByMID int `json:"byMid"`

	// PeakPerSecond is the most connections that were made within a second, and PeakPerGateway the most at one gateway.
	PeakPerSecond  int `json:"peakPerSecond"`
	PeakPerGateway int `json:"peakPerGateway"`
	// LongestOutage is the longest that a client was without a connection.
	LongestOutage time.Duration `json:"longestOutageNanoseconds"`

	// Losses are some of those that were lost without a gap, in words.
	Losses []string `json:"losses,omitempty"`
	// Broken are some of the clients whose connection broke, with what they logged.
	Broken []string `json:"broken,omitempty"`

	// Departures are of members that vanished.
	Departures Departures `json:"departures,omitzero"`
}

// Departures are what observers saw of members that vanished.
type Departures struct {
	Members int `json:"members"`
	// Expected is how many leaves all observers together should see, and Once how many were seen exactly once.
	Expected int           `json:"expected"`
	Once     int           `json:"once"`
	Missing  int           `json:"missing"`
	Repeated int           `json:"repeated"`
	First    time.Duration `json:"firstNanoseconds"` // after the moment that was given
	Last     time.Duration `json:"lastNanoseconds"`
}
