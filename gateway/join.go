package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/hub"
)

func (s *session) join(r *protocol.Request) *protocol.Error {
	begin := time.Now()
	span := s.trace("join")
	if span != nil {
		describeJoin(span, r.Channel, r.Presence)
	}
	if err := s.allowJoin(r); err != nil {
		return err
	}
	if err := s.mayJoin(r.Channel, begin); err != nil {
		return err
	}
	result, err := s.g.hub.Join(r.Channel, s.member, s, hub.JoinOptions{
		Presence: r.Presence, Session: s.tie, Snapshot: s.snapshotSender(r.Presence),
	})
	if err != nil {
		return s.joinRefused(err)
	}
	if !s.channels.has(r.Channel) {
		s.channels.add(r.Channel)
	}
	partial := false
	if r.ID != "" {
		partial = !s.g.awaitInterest(r.Channel, result.InterestSeq)
		s.send(protocol.JoinReply{Channel: r.Channel, NewlyPresent: result.NewlyPresent, Partial: partial}.Frame(r.ID, nowMs()))
	}
	if span != nil {
		joinDone(span, result, partial)
	}
	observe(s.g.metrics.join, begin, span)
	return nil
}

// mayJoin checks the bounds that the hub does not know.
func (s *session) mayJoin(channel string, now time.Time) *protocol.Error {
	limits := &s.g.cfg.Limits
	if !s.channels.has(channel) && s.channels.len() >= limits.ChannelsPerConnection {
		s.g.metrics.hit("max-channels-per-connection")
		return protocol.Errorf(protocol.CodeTooManyChannels,
			"this connection is in %d channels, the most that --max-channels-per-connection allows: leave one first", limits.ChannelsPerConnection)
	}
	burst := max(limits.ChannelsPerConnection, limits.JoinsPerSecondPerConnection)
	if waitMs := s.joins.take(s.g.clock(), burst, limits.JoinsPerSecondPerConnection); waitMs > 0 {
		return s.exceeds("joins-per-second-per-connection", "this connection joins", waitMs)
	}
	reservation := s.g.joins.ReserveN(now, 1)
	if wait := reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
		return s.tooOften("joins-per-second", "the clients of this gateway join", spreadMs(wait))
	}
	return nil
}

func (s *session) tooOften(bound, who string, waitMs int64) *protocol.Error {
	s.g.metrics.hit(bound)
	err := protocol.Errorf(protocol.CodeRateLimited, "%s more often than --%s allows: try again later", who, bound)
	err.RetryAfterMs = waitMs
	return err
}

// snapshotSender returns the callback that queues the snapshot where it belongs: before every event that is later. For a
// connection that counts, the lists would be out of date at once: it gets the number only.
func (s *session) snapshotSender(mode hub.PresenceMode) func(hub.Snapshot) {
	if mode == hub.PresenceNone {
		return nil
	}
	return func(snapshot hub.Snapshot) {
		if mode == hub.PresenceCount {
			snapshot.Truncated = snapshot.Truncated || len(snapshot.Members)+len(snapshot.Typing) > 0
			snapshot.Members, snapshot.Typing = nil, nil
		}
		if s.span != nil {
			s.describeSnapshot(snapshot)
		}
		s.send(protocol.SnapshotFrame(snapshot, nowMs()))
	}
}

func (s *session) joinRefused(err error) *protocol.Error {
	switch {
	case errors.Is(err, hub.ErrTooManyChannels):
		s.g.metrics.hit("max-channels")
	case errors.Is(err, hub.ErrTooManyEntries):
		s.g.metrics.hit("max-presence-entries")
	}
	return refusedByHub(err)
}

// awaitInterest waits until publishes of all linked peers reach the channel here; false: some may not yet.
func (g *Gateway) awaitInterest(channel string, seq uint64) (complete bool) {
	if g.cluster == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(g.ctx, mostWait)
	defer cancel()
	complete = g.cluster.AwaitInterest(ctx, channel, seq)
	if !complete {
		g.metrics.partial.Inc()
	}
	return complete
}
