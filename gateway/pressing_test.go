package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// written returns the writes to sockets and the frames in them so far.
func (s *server) written() (writes, frames int) {
	s.t.Helper()
	_, text := s.get("/metrics")
	for line := range strings.Lines(text) {
		_, _ = fmt.Sscanf(line, "starling_fanout_writes_total %d", &writes)
		_, _ = fmt.Sscanf(line, "starling_fanout_frames_total %d", &frames)
	}
	return writes, frames
}

// A publish that comes alone is written where it was read: the event and the reply to the publisher go together.
func TestAPublishAloneIsWrittenWithItsReply(t *testing.T) {
	s := serve(t, nil)
	ann := s.member("ann")
	ann.join("room")
	eventually(t, func() bool { // a machine that stands still may let two messages come at the same time
		writes, frames := s.written()
		ann.say(`{"type":"publish","id":"p","payload":{"channel":"room","type":"chat","except":"none","payload":1}}`)
		ann.expect("chat")
		ann.expect("reply")
		afterWrites, afterFrames := s.written()
		return afterFrames-frames == 2 && afterWrites-writes == 1
	}, "two frames in one write")
}

// Publishes that come one right after the other are left to the writers, which put several into a write.
func TestPublishesInABurstAreWrittenTogether(t *testing.T) {
	const burst = 500
	s := serve(t, nil)
	ann := s.member("ann")
	ann.join("room")
	writes, frames := s.written()
	var all []byte
	for i := range burst {
		text := fmt.Sprintf(`{"type":"publish","payload":{"channel":"room","type":"chat","except":"none","payload":%d}}`, i)
		require.Less(t, len(text), 126)
		all = append(all, 0x81, 0x80|byte(len(text)), 0, 0, 0, 0) // masked with zeros
		all = append(all, text...)
	}
	_, err := ann.NetConn().Write(all)
	require.NoError(t, err)
	for i := range burst {
		require.Equal(t, fmt.Sprint(i), string(ann.expect("chat").Payload))
	}
	afterWrites, afterFrames := s.written()
	require.Equal(t, burst, afterFrames-frames)
	require.Less(t, afterWrites-writes, burst)
}
