package mesh

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/hub"
)

// newFollowedLog returns a log with one follower that holds nothing yet.
func newFollowedLog() (*presenceLog, *follower, *fakeSender) {
	l, s := newPresenceLog(), &fakeSender{}
	f := newFollower(l)
	f.sender = s
	l.follow(f)
	return l, f, s
}

func interest(channel string) hub.Delta { return hub.Delta{Op: hub.OpInterest, Channel: channel} }

// channelIn returns a channel of a bucket.
func channelIn(bucket int) string {
	for i := 0; ; i++ {
		if name := fmt.Sprintf("c%d", i); hub.Bucket(name) == bucket {
			return name
		}
	}
}

// bringInStep sends all buckets, empty, and the in-step frame.
func bringInStep(t *testing.T, l *presenceLog, f *follower) {
	t.Helper()
	for bucket := range hub.Buckets {
		require.NoError(t, l.sendBucket(f, bucket, hub.BucketState{}))
	}
	require.True(t, l.sendInStep(f))
}

func TestLogSendsChangesOnlyInStep(t *testing.T) {
	l, f, s := newFollowedLog()
	a, b := channelIn(3), channelIn(4)
	require.EqualValues(t, 1, l.append(interest(a)))
	require.Empty(t, s.take(-1), "a follower that holds nothing gets the bucket later")

	require.NoError(t, l.sendBucket(f, 3, hub.BucketState{Interest: []string{a}}))
	require.EqualValues(t, 2, l.append(hub.Delta{Op: hub.OpJoin, Channel: a, Member: "ann"}))
	require.EqualValues(t, 3, l.append(interest(b)))
	frames := s.take(-1)
	require.Equal(t, []link.Kind{kindBucket, kindDelta}, kinds(frames))
	part, err := parseBucketPart(frames[0].body)
	require.NoError(t, err)
	require.Equal(t, bucketPart{bucket: 3, first: true, last: true, seq: 1, state: hub.BucketState{Interest: []string{a}}}, part)
	seq, d, err := parseDelta(frames[1].body)
	require.NoError(t, err)
	require.EqualValues(t, 2, seq)
	require.Equal(t, hub.Delta{Op: hub.OpJoin, Channel: a, Member: "ann"}, d)
	require.Equal(t, hub.Buckets-1, f.outOfStep)
}

func TestLogSharesOneBody(t *testing.T) {
	l, f, s := newFollowedLog()
	g, s2 := newFollower(l), &fakeSender{}
	g.sender = s2
	l.follow(g)
	for _, x := range []*follower{f, g} {
		require.NoError(t, l.sendBucket(x, 3, hub.BucketState{}))
	}
	l.append(interest(channelIn(3)))
	require.Same(t, &s.take(-1)[1].body[0], &s2.take(-1)[1].body[0], "a change is encoded once, whatever the number of peers")
	l.unfollow(g)
	l.append(interest(channelIn(3)))
	require.Len(t, s.take(-1), 1)
	require.Empty(t, s2.take(-1))
}

func TestLogPosition(t *testing.T) {
	l := newPresenceLog()
	l.append(interest("a"))
	l.append(hub.Delta{Op: hub.OpJoin, Channel: "a", Member: "m"})
	l.append(hub.Delta{Op: hub.OpTyping, Channel: "a", Member: "m"})
	require.Equal(t, checkpoint{3, hub.Digest{}.Toggle(interest("a")).Toggle(hub.Delta{Op: hub.OpJoin, Channel: "a", Member: "m"})}, l.position())
	l.append(hub.Delta{Op: hub.OpLeave, Channel: "a", Member: "m"})
	l.append(hub.Delta{Op: hub.OpDisinterest, Channel: "a"})
	require.Equal(t, checkpoint{5, hub.Digest{}}, l.position())
}

func TestOverflowFallsOutOfStepAndIsSentAgain(t *testing.T) {
	l, f, s := newFollowedLog()
	a, b := channelIn(3), channelIn(4)
	bringInStep(t, l, f)
	f.acked(s.ackAll())
	require.True(t, f.inStep())

	s.budget[link.ClassState] = 1
	seq := l.append(interest(a))
	require.Equal(t, 1, f.outOfStep)
	require.EqualValues(t, 1, l.resyncs())
	require.Empty(t, s.take(-1))
	require.False(t, f.inStep())
	require.False(t, f.told())
	require.False(t, l.sendInStep(f), "not while a bucket is out of step")
	l.sendCheckpoint(f)
	require.Empty(t, s.take(-1), "nor a checkpoint")

	s.budget[link.ClassState] = 0
	later := l.append(interest(a))
	require.Empty(t, s.take(-1), "a bucket that is out of step gets no changes")
	l.append(interest(b))
	require.Len(t, s.take(-1), 1, "the others do")

	require.Equal(t, 3, f.nextOutOfStep(-1))
	require.Equal(t, 3, f.nextOutOfStep(200))
	require.False(t, f.hasApplied(3, seq))
	require.NoError(t, l.sendBucket(f, 3, hub.BucketState{Interest: []string{a}}))
	require.Equal(t, -1, f.nextOutOfStep(-1))
	require.False(t, f.hasApplied(3, seq))
	f.acked(s.ackAll())
	require.True(t, f.hasApplied(3, seq))
	require.True(t, f.hasApplied(3, later))
	require.True(t, l.sendInStep(f))
	l.unfollow(f)
	require.EqualValues(t, 1, l.resyncs(), "followers that are gone count on")
}

func TestHasApplied(t *testing.T) {
	l, f, s := newFollowedLog()
	a := channelIn(3)
	first := l.append(interest(a))
	require.False(t, f.hasApplied(3, first))
	require.NoError(t, l.sendBucket(f, 3, hub.BucketState{Interest: []string{a}}))
	bucketAt := s.seq
	require.False(t, f.hasApplied(3, first), "sent is not applied")
	second := l.append(hub.Delta{Op: hub.OpJoin, Channel: a, Member: "m"})
	third := l.append(hub.Delta{Op: hub.OpLeave, Channel: a, Member: "m"})
	s.take(-1)

	f.acked(s.ack(bucketAt))
	require.True(t, f.hasApplied(3, first), "the bucket covers the change")
	require.False(t, f.hasApplied(3, second))
	f.acked(s.ack(bucketAt + 1))
	require.True(t, f.hasApplied(3, second))
	require.False(t, f.hasApplied(3, third))
	require.Len(t, f.sent, 1)
	f.acked(s.ack(bucketAt + 2))
	require.True(t, f.hasApplied(3, third))
	require.Nil(t, f.sent)
	require.False(t, f.hasApplied(4, first), "of a bucket that was not sent nothing is applied")
}

func TestResetBeginsAnew(t *testing.T) {
	l, f, s := newFollowedLog()
	a := channelIn(3)
	bringInStep(t, l, f)
	seq := l.append(interest(a))
	f.acked(s.ackAll())
	require.True(t, f.hasApplied(3, seq))
	require.True(t, f.inStep())
	<-f.work

	s.beginReset()
	f.reset()
	s.endReset()
	require.Len(t, f.work, 1, "the feeder is told")
	require.Equal(t, hub.Buckets, f.outOfStep)
	require.False(t, f.hasApplied(3, seq))
	require.False(t, f.inStep())
	require.False(t, f.told())
	l.append(interest(channelIn(4)))
	require.Empty(t, s.take(-1))

	bringInStep(t, l, f)
	require.True(t, f.told())
	require.False(t, f.inStep())
	f.acked(s.ackAll())
	require.True(t, f.inStep())
	require.True(t, f.hasApplied(3, seq))
}

// A link throws its stream away before it says so. What is sent in between is in the new stream: the old stream's
// acknowledgements say nothing about it.
func TestBucketSentBeforeTheResetIsKnown(t *testing.T) {
	l, f, s := newFollowedLog()
	a := channelIn(3)
	bringInStep(t, l, f)
	f.acked(s.ackAll())

	s.beginReset()
	seq := l.append(interest(a))
	require.Equal(t, 1, f.outOfStep, "a change that the link refuses puts the bucket out of step")
	require.NoError(t, l.sendBucket(f, 3, hub.BucketState{Interest: []string{a}}))
	require.False(t, f.hasApplied(3, seq))
	require.False(t, f.inStep())
	require.Equal(t, -1, f.nextOutOfStep(-1), "nothing is to be done before the reset is known")
	require.True(t, l.sendInStep(f))
	require.False(t, f.told())
	f.acked(400)
	require.False(t, f.hasApplied(3, seq), "an acknowledgement of the old stream may still be under way")
	f.reset()
	s.endReset()
	require.False(t, f.hasApplied(3, seq))
	bringInStep(t, l, f)
	f.acked(s.ackAll())
	require.True(t, f.hasApplied(3, seq))
	require.True(t, f.inStep())
}

func TestResyncSendsEverythingAgain(t *testing.T) {
	l, f, s := newFollowedLog()
	bringInStep(t, l, f)
	f.acked(s.ackAll())
	<-f.work
	f.resync()
	require.Len(t, f.work, 1)
	require.Equal(t, hub.Buckets, f.outOfStep)
	require.False(t, f.told())
	seen := map[int]bool{}
	for bucket := f.nextOutOfStep(-1); bucket >= 0; bucket = f.nextOutOfStep(bucket) {
		seen[bucket] = true
		require.NoError(t, l.sendBucket(f, bucket, hub.BucketState{}))
	}
	require.Len(t, seen, hub.Buckets)
	require.True(t, l.sendInStep(f))
	require.False(t, f.inStep(), "not before the new in-step frame is applied")
	f.acked(s.ackAll())
	require.True(t, f.inStep())
}

func TestCheckpointsFollowInStep(t *testing.T) {
	l, f, s := newFollowedLog()
	l.sendCheckpoint(f)
	require.Empty(t, s.take(-1))
	bringInStep(t, l, f)
	s.take(-1)
	l.append(interest("a"))
	l.sendCheckpoint(f)
	frames := s.take(-1)
	require.Equal(t, []link.Kind{kindDelta, kindCheckpoint}, kinds(frames))
	c, err := parseCheckpoint(frames[1].body)
	require.NoError(t, err)
	require.Equal(t, l.position(), c)
	s.budget[link.ClassState] = 1
	l.sendCheckpoint(f)
	require.Empty(t, s.take(-1), "a checkpoint that finds no room is not sent")
	require.Zero(t, f.outOfStep)
}

func TestWaitersAreWoken(t *testing.T) {
	l, f, s := newFollowedLog()
	wait := func() <-chan struct{} {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.waitChannel()
	}
	for name, wake := range map[string]func(){
		"applied": func() { f.acked(s.ackAll()) },
		"gone":    func() { l.unfollow(f) },
	} {
		first, second := wait(), wait()
		require.Equal(t, first, second, name)
		wake()
		<-first
	}
}

func TestClosedLinkIsAnError(t *testing.T) {
	l, f, s := newFollowedLog()
	s.closed = true
	require.ErrorIs(t, l.sendBucket(f, 0, hub.BucketState{}), link.ErrClosed)
	require.Equal(t, hub.Buckets, f.outOfStep)
}
