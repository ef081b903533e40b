package mesh

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/hub"
)

// The channels of the replication tests: some share a bucket.
var modelChannels = []string{"room", "c97", channelLike("room", 1), channelLike("room", 2), "lobby", "ä channel"}

// channelLike returns the nth channel in the same bucket as another one.
func channelLike(channel string, n int) string {
	for i := 0; ; i++ {
		name := fmt.Sprintf("%s%d", channel, i)
		if hub.Bucket(name) != hub.Bucket(channel) {
			continue
		}
		if n--; n == 0 {
			return name
		}
	}
}

// A replication is a hub, its log, a link and a receiver, with the test between them.
type replication struct {
	log      *presenceLog
	follower *follower
	sender   *fakeSender
	owner    *hub.Hub
	conns    map[string]*client

	wants    *logReplicator
	received *hub.Hub
	peer     *peer
	// fed is the last bucket that was sent.
	fed  int
	told bool
	// interests are where the owner's interests stand in its log.
	interests map[string]uint64
}

const ownerBoot = hub.Boot(77)

func newReplication(t *rapid.T) *replication {
	r := &replication{conns: make(map[string]*client), wants: &logReplicator{}, fed: -1, interests: make(map[string]uint64)}
	r.log, r.follower, r.sender = newFollowedLog()
	r.owner = hub.New(hub.Options{Replicator: &logReplicator{log: r.log}})
	r.received = hub.New(hub.Options{Replicator: r.wants})
	m := &Mesh{hub: r.received, logger: Config{}.withDefaults().Logger, ready: newReadiness()}
	m.metrics = newMetrics(m, nil)
	r.peer = &peer{mesh: m, boot: ownerBoot, replica: replica{state: replicaLive}}
	t.Cleanup(r.owner.Close)
	t.Cleanup(r.received.Close)
	return r
}

// join joins a new connection of a member, or does nothing when it is in the channel.
func (r *replication) join(t require.TestingT, channel, member, conn string) {
	c := r.conns[conn]
	if c == nil {
		c = newClient(conn, member)
		r.conns[conn] = c
	}
	result, err := r.owner.Join(channel, c.member, c, hub.JoinOptions{Presence: hub.PresenceNone})
	require.NoError(t, err)
	r.interests[channel] = result.InterestSeq
}

func (r *replication) leave(t require.TestingT, channel, conn string) {
	if c := r.conns[conn]; c != nil {
		_, err := r.owner.Leave(channel, c.member, c)
		require.NoError(t, err)
	}
}

func (r *replication) disconnect(conn string) {
	if c := r.conns[conn]; c != nil {
		r.owner.Disconnect(c)
		delete(r.conns, conn)
	}
}

// feed takes one step of a peer's feeder. It reports whether there was anything to do.
func (r *replication) feed(t require.TestingT) bool {
	next := r.follower.nextOutOfStep(r.fed)
	if next < 0 {
		r.fed = -1
		if r.told && r.follower.told() {
			return false
		}
		r.told = r.log.sendInStep(r.follower)
		return !r.follower.stale
	}
	r.told, r.fed = false, next
	r.owner.LocalBucket(next, func(state hub.BucketState) {
		require.NoError(t, r.log.sendBucket(r.follower, next, state))
	})
	return true
}

// deliver lets the receiver apply up to n frames.
func (r *replication) deliver(t require.TestingT, n int) {
	for _, f := range r.sender.take(n) {
		if f.kind == kindCheckpoint || f.kind == kindInStep {
			c, err := parseCheckpoint(f.body)
			require.NoError(t, err)
			require.Equal(t, c.digest, r.received.RemoteDigest(ownerBoot), "at position %d of the log", c.seq)
		}
		require.NoError(t, r.peer.applyFrame(link.Frame{Kind: f.kind, Seq: f.seq, Body: f.body}))
	}
}

// reset throws the stream away; between steps may happen what does while nobody has been told yet.
func (r *replication) reset(between func()) {
	r.sender.beginReset()
	between()
	r.peer.replica.parts = nil
	r.follower.reset()
	r.told = false
	between()
	r.sender.endReset()
}

// requireSound says that what the log counts as applied is applied.
func (r *replication) requireSound(t require.TestingT) {
	for _, channel := range modelChannels {
		r.log.mu.Lock()
		seq := r.interests[channel]
		applied := seq > 0 && r.follower.hasApplied(hub.Bucket(channel), seq)
		r.log.mu.Unlock()
		if !applied || r.owner.ConnectionCount(channel) == 0 {
			continue
		}
		r.wants.to = nil
		_, err := r.received.Publish(channel, "chat", nil, hub.PublishOptions{Key: "k"})
		require.NoError(t, err)
		require.Contains(t, r.wants.to, ownerBoot, "interest in %q counts as applied", channel)
	}
}

// finish brings the receiver up to date.
func (r *replication) finish(t require.TestingT) {
	r.sender.budget = [2]int{}
	for n := 0; r.feed(t); n++ {
		require.Less(t, n, 10*hub.Buckets, "the feeder finds no end")
	}
	r.log.sendCheckpoint(r.follower)
	r.deliver(t, -1)
	r.follower.acked(r.sender.ackAll())
	require.True(t, r.follower.inStep())
	require.Equal(t, r.log.position().digest, r.received.RemoteDigest(ownerBoot))
	for _, channel := range modelChannels {
		require.ElementsMatch(t, r.owner.Presence(channel), r.received.Presence(channel), channel)
	}
}

// Whatever the interleaving of changes, overflow, resets and acknowledgements, a receiver that applies the frames of the
// stream in order ends up equal to the owner, is equal at every checkpoint, and has applied what counts as applied.
func TestReplicationConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newReplication(t)
		channel := rapid.SampledFrom(modelChannels)
		conn := rapid.SampledFrom([]string{"1", "2", "3", "4", "5", "6"})
		member := rapid.SampledFrom([]string{"ann", "bob", "cid"})
		change := func() {
			switch rapid.IntRange(0, 5).Draw(t, "change") {
			case 0:
				r.leave(t, channel.Draw(t, "channel"), conn.Draw(t, "conn"))
			case 1:
				r.disconnect(conn.Draw(t, "conn"))
			case 2:
				if c := r.conns[conn.Draw(t, "conn")]; c != nil {
					_ = r.owner.SetTyping(channel.Draw(t, "channel"), c.member, rapid.Bool().Draw(t, "typing"), c)
				}
			default:
				r.join(t, channel.Draw(t, "channel"), member.Draw(t, "member"), conn.Draw(t, "conn"))
			}
		}
		feed := func() {
			for range rapid.IntRange(1, 300).Draw(t, "feeds") {
				r.feed(t)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"change":     func(*rapid.T) { change() },
			"feed":       func(*rapid.T) { feed() },
			"deliver":    func(t *rapid.T) { r.deliver(t, rapid.IntRange(0, 300).Draw(t, "frames")) },
			"ack":        func(*rapid.T) { r.follower.acked(r.sender.ack(r.sender.lastTaken())) },
			"resync":     func(*rapid.T) { r.follower.resync() },
			"checkpoint": func(*rapid.T) { r.log.sendCheckpoint(r.follower) },
			"overflow":   func(*rapid.T) { r.sender.budget[link.ClassState] = 1 },
			"room":       func(*rapid.T) { r.sender.budget[link.ClassState] = 0 },
			"reset": func(t *rapid.T) {
				r.reset(func() {
					for range rapid.IntRange(0, 3).Draw(t, "between") {
						if rapid.Bool().Draw(t, "feeds") {
							r.feed(t)
						} else {
							change()
						}
					}
				})
			},
			// The receiver gives the owner up; its sender then begins anew.
			"drop": func(*rapid.T) {
				r.received.DropRemote(ownerBoot)
				r.reset(func() {})
			},
			"": func(t *rapid.T) { r.requireSound(t) },
		})
		r.finish(t)
	})
}

// Buckets that do not fit into one frame are applied as a whole: nobody leaves and comes back because of where they are cut.
func TestLargeBucketIsAppliedAsAWhole(t *testing.T) {
	const members = 1500
	rapid.Check(t, func(t *rapid.T) {
		r := newReplication(t)
		observer := newClient("observer", "observer")
		pad := strings.Repeat("x", 190)
		for i := range members {
			r.join(t, "room", fmt.Sprintf("%s%d", pad, i), fmt.Sprint(i))
		}
		bucket := hub.Bucket("room")
		send := func() {
			r.owner.LocalBucket(bucket, func(state hub.BucketState) { require.NoError(t, r.log.sendBucket(r.follower, bucket, state)) })
		}
		apply := func(frames []sentFrame) {
			for _, f := range frames {
				require.NoError(t, r.peer.applyFrame(link.Frame{Kind: f.kind, Seq: f.seq, Body: f.body}))
			}
		}
		send()
		r.deliver(t, -1)
		_, err := r.received.Join("room", "observer", observer, hub.JoinOptions{})
		require.NoError(t, err)
		require.Equal(t, members+1, r.received.MemberCount("room"))

		// The link begins anew in the middle of the bucket: some parts are in the old stream, the others in the new one.
		r.follower.resync()
		send()
		all := r.sender.take(-1)
		require.Greater(t, len(all), 2)
		cut := rapid.IntRange(0, len(all)).Draw(t, "cut")
		apply(all[:rapid.IntRange(0, cut).Draw(t, "applied")])
		r.peer.replica.parts = nil
		apply(all[cut:])
		r.reset(func() {})
		send()
		r.deliver(t, -1)
		require.Equal(t, members+1, r.received.MemberCount("room"))
		require.Empty(t, observer.take())
	})
}
