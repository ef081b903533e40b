package protocol

import (
	"strconv"

	"github.com/starling-realtime/starling/hub"
)

// SnapshotFrame returns the presence:snapshot frame that a joiner gets before any event of the channel.
func SnapshotFrame(s hub.Snapshot, unixMilli int64) []byte {
	return end(appendSnapshot(begin("presence:snapshot", "", snapshotSize(s)), s), unixMilli)
}

// PresenceReplyFrame answers a presence request.
func PresenceReplyFrame(id ID, s hub.Snapshot, unixMilli int64) []byte {
	return end(appendSnapshot(begin("reply", id, snapshotSize(s)), s), unixMilli)
}

func appendSnapshot(b []byte, s hub.Snapshot) []byte {
	b = append(b, `{"channel":`...)
	b = appendString(b, s.Channel)
	b = append(b, `,"members":`...)
	b = appendStrings(b, s.Members)
	b = append(b, `,"memberCount":`...)
	b = strconv.AppendInt(b, int64(s.MemberCount), 10)
	b = append(b, `,"typing":`...)
	b = appendStrings(b, s.Typing)
	if s.Truncated {
		b = append(b, `,"truncated":true`...)
	}
	return append(b, '}')
}

func snapshotSize(s hub.Snapshot) int {
	size := 96 + len(s.Channel)
	for _, m := range s.Members {
		size += len(m) + 3
	}
	for _, m := range s.Typing {
		size += len(m) + 3
	}
	return size
}
