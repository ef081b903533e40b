package hub

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A stepKind is one kind of operation of the property tests.
type stepKind int

const (
	stepJoin stepKind = iota
	stepLeave
	stepClose
	stepWait
	stepTyping
	stepRemote
	stepReplace
	stepDropBoot
	stepClearTyping
)

var (
	localSteps = []stepKind{stepJoin, stepJoin, stepJoin, stepLeave, stepClose, stepWait}
	allSteps   = []stepKind{
		stepJoin, stepJoin, stepJoin, stepLeave, stepClose, stepWait, stepTyping, stepTyping,
		stepRemote, stepRemote, stepRemote, stepRemote, stepReplace, stepDropBoot, stepClearTyping,
	}
)

// A step is one operation with everything that it might need.
type step struct {
	kind    stepKind
	client  int
	channel string
	member  string
	boot    Boot
	op      Op
	mode    PresenceMode
	yes     bool
	wait    time.Duration
	bits    uint64
}

const worldClients, worldMembers = 6, 3

// worldChannels has two channels of one bucket and one of another.
var worldChannels = append(siblings(room, 1), room, "hall")

func drawSteps(t *rapid.T, kinds []stepKind) []step {
	steps := make([]step, rapid.IntRange(1, 120).Draw(t, "steps"))
	for i := range steps {
		steps[i] = step{
			kind:    rapid.SampledFrom(kinds).Draw(t, "kind"),
			client:  rapid.IntRange(0, worldClients-1).Draw(t, "client"),
			channel: rapid.SampledFrom(worldChannels).Draw(t, "channel"),
			member:  memberName(rapid.IntRange(0, worldMembers-1).Draw(t, "member")),
			boot:    rapid.SampledFrom([]Boot{bootB, bootC}).Draw(t, "boot"),
			op:      rapid.SampledFrom([]Op{OpJoin, OpJoin, OpJoin, OpLeave, OpInterest, OpDisinterest, OpTyping, OpTypingStop}).Draw(t, "op"),
			mode:    PresenceMode(rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "mode")),
			yes:     rapid.Bool().Draw(t, "yes"),
			wait:    time.Duration(rapid.IntRange(1, 7000).Draw(t, "wait ms")) * time.Millisecond,
			bits:    rapid.Uint64().Draw(t, "bits"),
		}
	}
	return steps
}

func memberName(i int) string { return fmt.Sprintf("m%d", i) }

// A world is a hub, its clients and the model that it must agree with. Clients 0 to 5 belong to members 0 to 2 in turn.
type world struct {
	t       require.TestingT
	hub     *Hub
	model   *model
	clients []*client
	made    int
}

func newWorld(t require.TestingT, opts Options) *world {
	w := &world{t: t, hub: New(opts), model: newModel(opts.Grace, opts.TypingTTL), clients: make([]*client, worldClients)}
	for i := range w.clients {
		w.connect(i)
	}
	return w
}

// connect gives a client a new connection: connection ids are never used again.
func (w *world) connect(i int) *client {
	w.made++
	w.clients[i] = newClient(fmt.Sprintf("conn%d", w.made), memberName(i%worldMembers))
	w.hub.Bind(w.clients[i])
	return w.clients[i]
}

func (w *world) do(s step) {
	c := w.clients[s.client]
	e := Entry{s.channel, c.member}
	switch s.kind {
	case stepJoin:
		newly := w.model.join(e, c.id)
		require.Equal(w.t, newly, c.join(w.t, w.hub, s.channel, s.mode).NewlyPresent)
	case stepLeave:
		require.Equal(w.t, w.model.drop(e, c.id, true), c.leave(w.t, w.hub, s.channel))
	case stepClose:
		for _, name := range worldChannels {
			w.model.drop(Entry{name, c.member}, c.id, false)
		}
		c.replay(w.t)
		c.close()
		w.connect(s.client)
	case stepWait:
		settle(s.wait)
	case stepTyping:
		w.setTyping(e, c, s.yes)
	case stepRemote:
		w.applyRemote(s)
	case stepReplace:
		w.replace(s)
	case stepDropBoot:
		w.hub.DropRemote(s.boot)
		delete(w.model.boots, s.boot)
	case stepClearTyping:
		w.hub.ClearRemoteTyping(s.boot)
		w.model.clearTyping(s.boot, func(string) bool { return true })
	}
}

func (w *world) setTyping(e Entry, c *client, typing bool) {
	err := w.hub.SetTyping(e.Channel, e.Member, typing, c)
	if !w.model.local(e) {
		require.ErrorIs(w.t, err, ErrNotPresent)
		return
	}
	require.NoError(w.t, err)
	w.model.setTyping(e, 0, typing, c.id, w.model.ttl)
}
