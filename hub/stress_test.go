package hub

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Many goroutines use every method at once, with timers firing in between; under -race this finds locks that are missing,
// and at the end nothing may be left.
func TestStress(t *testing.T) {
	const workers, rounds = 16, 400
	r := &fakeReplicator{}
	h := newHub(t, Options{
		Grace: time.Millisecond, TypingTTL: time.Millisecond, CountInterval: time.Millisecond, Replicator: r,
		MaxChannels: 1000, MaxPresenceEntries: 10_000, SnapshotLimit: 20,
	})
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			s := &stresser{t: t, h: h, rng: rand.New(rand.NewPCG(1, uint64(w))), name: fmt.Sprintf("w%d", w), boot: Boot(w + 1)}
			for range rounds {
				s.round()
			}
			s.end()
		})
	}
	wg.Wait()
	require.Eventually(t, func() bool { return h.Stats().Channels == 0 }, 30*time.Second, time.Millisecond, "every grace ends")
	requireEmpty(t, h)
	requireNoBoots(t, h)

	var log Digest
	for _, d := range r.log {
		log = log.Toggle(d)
	}
	require.Equal(t, Digest{}, log, "the log says that nothing is left, too")
}

// A stresser is one goroutine with connections and a boot of its own.
type stresser struct {
	t     *testing.T
	h     *Hub
	rng   *rand.Rand
	name  string
	boot  Boot
	conns []*fakeConn
	made  int
}

func (s *stresser) channel() string { return fmt.Sprintf("c%d", s.rng.IntN(8)) }
func (s *stresser) member() string  { return fmt.Sprintf("m%d", s.rng.IntN(12)) }

// conn returns one of the connections; its id begins with the member that it belongs to.
func (s *stresser) conn() *fakeConn {
	if len(s.conns) < 4 {
		s.made++
		c := newConn(fmt.Sprintf("%s/%s-%d", s.member(), s.name, s.made))
		s.h.Bind(c)
		s.conns = append(s.conns, c)
	}
	return s.conns[s.rng.IntN(len(s.conns))]
}

func memberOf(c *fakeConn) string {
	member, _, _ := strings.Cut(c.id, "/")
	return member
}

func (s *stresser) round() {
	c := s.conn()
	channel, member := s.channel(), memberOf(c)
	switch s.rng.IntN(10) {
	case 0, 1, 2:
		opts := JoinOptions{Presence: PresenceMode(s.rng.IntN(3)), Snapshot: func(Snapshot) {}}
		if _, err := s.h.Join(channel, member, c, opts); err != nil {
			s.t.Errorf("joining: %v", err)
		}
	case 3:
		_, _ = s.h.Leave(channel, member, c)
	case 4:
		s.close(s.rng.IntN(len(s.conns)))
	case 5:
		_ = s.h.SetTyping(channel, member, s.rng.IntN(2) == 0, c)
	case 6:
		_, _ = s.h.Publish(channel, "chat", s.name, PublishOptions{From: member, ExceptConnID: c.id, ExceptSession: "s"})
	case 7, 8:
		s.remote(channel)
	case 9:
		s.read(channel)
	}
	c.take()
}

func (s *stresser) remote(channel string) {
	switch s.rng.IntN(12) {
	case 0:
		s.h.DropRemote(s.boot)
	case 1:
		s.h.ReplaceRemote(s.boot, Bucket(channel), BucketState{Presence: []Entry{{channel, s.member()}}, Interest: []string{channel}})
	case 2:
		s.h.ClearRemoteTyping(s.boot)
	default:
		s.h.ApplyRemote(s.boot, Delta{Op: Op(1 + s.rng.IntN(6)), Channel: channel, Member: s.member(), TTL: time.Millisecond})
	}
}

func (s *stresser) read(channel string) {
	s.h.Presence(channel)
	s.h.IsPresent(channel, s.member())
	s.h.TypingMembers(channel)
	s.h.Snapshot(channel)
	s.h.ChannelNames()
	s.h.Stats()
	s.h.RemoteDigest(s.boot)
	s.h.LocalBucket(Bucket(channel), func(BucketState) {})
	s.h.DeliverRemote(&Event{Type: "chat", Channel: channel}, PublishOptions{ExceptMemberID: s.member()})
	s.h.DeliverGap("gw", []string{channel})
	s.h.DeliverGapAll("gw", s.boot)
}

func (s *stresser) close(i int) {
	s.conns[i].close()
	s.conns = append(s.conns[:i], s.conns[i+1:]...)
}

func (s *stresser) end() {
	for len(s.conns) > 0 {
		s.close(0)
	}
	s.h.DropRemote(s.boot)
}
