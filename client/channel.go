package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// A PresenceMode says what a channel's member hears about the others.
type PresenceMode string

// Presence modes. Use PresenceCount for an audience of thousands.
const (
	PresenceFull  PresenceMode = "full"
	PresenceCount PresenceMode = "count"
	PresenceNone  PresenceMode = "none"
)

// JoinOptions say what is wanted of a channel.
//
// With OnEvent the client calls a function for each event, one at a time and in order; with Events it sends them to a Go channel,
// which it never closes and which several channels may share. With neither, nobody is told, and the methods of [Channel] still
// work. The function must not call [Client.Close].
//
// A program that is slow never slows down the client's reading, because a gateway closes who does not read. Up to
// [Options.EventQueueBytes] of events wait for it. What comes then is not kept: messages are counted, and of presence, typing and
// counts only the net change is kept. When the program has taken what waited, it gets a [Gap] with the number of messages, then the
// changes, and then what comes.
type JoinOptions struct {
	// Presence is what to hear about the others. Default: PresenceFull.
	Presence PresenceMode
	OnEvent  func(Event)
	Events   chan<- Event
}

// A Channel is one that the client is in, on whatever connection it has.
type Channel struct {
	c      *Client
	name   string
	quoted []byte // the name as JSON
	mode   PresenceMode
	seq    uint64 // the order of joining
	events *mailbox[Event]
	hush   context.CancelFunc
	// answered is closed when the first join has an answer, or never will.
	answered chan struct{}

	// The following belong to the client's lock.
	joinErr error // why the first join failed
	gone    error // why it is not in the channel any more
	entered bool
	info    JoinInfo
	missed  bool // there was no connection since it entered
	seats   []*seat
	outgoing
	presence
	typist
}

// JoinInfo is what a gateway said about the first join of a channel.
type JoinInfo struct {
	// NewlyPresent says that the member was not in the channel before, anywhere.
	NewlyPresent bool
	// Partial says that some gateway had not confirmed within a second: its publishes may be missing at first. There is a [Gap]
	// as well.
	Partial bool
}

// Join enters a channel and stays in it until [Channel.Leave]. It waits for the gateway's answer; while there is no connection, or
// the gateway has no room, it goes on trying until ctx ends. Events may come before it returns. The error is [ErrAlreadyJoined],
// an [*Error] that trying again does not mend, or why it stopped trying.
func (c *Client) Join(ctx context.Context, name string, opts JoinOptions) (*Channel, error) {
	ch, err := c.newChannel(name, opts)
	if err != nil {
		return nil, fmt.Errorf("joining %q: %w", name, err)
	}
	if err := c.enter(ch); err != nil {
		return nil, fmt.Errorf("joining %q: %w", name, err)
	}
	select {
	case <-ch.answered:
		err = ch.joinErr
	case <-ctx.Done():
		err = context.Cause(ctx)
		ch.leave(err)
	}
	if err != nil {
		return nil, fmt.Errorf("joining %q: %w", name, err)
	}
	return ch, nil
}

func (c *Client) newChannel(name string, opts JoinOptions) (*Channel, error) {
	if err := checkName("the channel's name", name); err != nil {
		return nil, err
	}
	switch opts.Presence {
	case "":
		opts.Presence = PresenceFull
	case PresenceFull, PresenceCount, PresenceNone:
	default:
		return nil, fmt.Errorf("presence is %q: full, count or none is right", opts.Presence)
	}
	if opts.OnEvent != nil && opts.Events != nil {
		return nil, errors.New("both OnEvent and Events are set: one is right")
	}
	ch := &Channel{
		c: c, name: name, quoted: quote(name), mode: opts.Presence, answered: make(chan struct{}), presence: newPresence(),
		hush: func() {},
	}
	if opts.OnEvent != nil || opts.Events != nil {
		ctx, cancel := context.WithCancel(c.told)
		ch.hush = cancel
		ch.events = c.newEvents(ctx, name, sinkOf(opts))
	}
	return ch, nil
}

// newEvents returns what hands events to the program until ctx ends.
func (c *Client) newEvents(ctx context.Context, channel string, sink func(context.Context, Event)) *mailbox[Event] {
	return &mailbox[Event]{
		tasks: &c.tasks, ctx: ctx, most: c.opts.EventQueueBytes, size: Event.size, sink: sink, spill: newBacklog(channel, &c.dropped),
	}
}

func sinkOf(opts JoinOptions) func(context.Context, Event) {
	if opts.OnEvent != nil {
		return func(_ context.Context, e Event) { opts.OnEvent(e) }
	}
	return func(ctx context.Context, e Event) {
		select {
		case opts.Events <- e:
		case <-ctx.Done():
		}
	}
}

// enter puts the channel among the client's and begins to join it.
func (c *Client) enter(ch *Channel) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return c.err
	}
	if c.channels[ch.name] != nil {
		return ErrAlreadyJoined
	}
	c.lastSeq++
	ch.seq = c.lastSeq
	c.channels[ch.name] = ch
	if cn := c.newest(); cn != nil {
		ch.sit(cn)
	}
	return nil
}

// Name is the channel's name.
func (ch *Channel) Name() string { return ch.name }

// JoinInfo is what the gateway said when the channel was joined first.
func (ch *Channel) JoinInfo() JoinInfo {
	ch.c.mu.Lock()
	defer ch.c.mu.Unlock()
	return ch.info
}

// Leave leaves the channel, for all observers at once unless another connection of the member is in it, and returns when the
// gateway has confirmed. Events that wait are dropped; publishes that were not sent yet fail with [ErrLeft]. Without a connection
// there is nothing to confirm: the member stays present for the gateway's grace. The error is why nobody confirmed.
func (ch *Channel) Leave(ctx context.Context) error {
	answers, n := ch.leave(ErrLeft)
	var first error
	for range n {
		select {
		case err := <-answers:
			if first == nil && err != nil {
				first = fmt.Errorf("leaving %q: %w", ch.name, err)
			}
		case <-ctx.Done():
			return fmt.Errorf("leaving %q: %w", ch.name, context.Cause(ctx))
		}
	}
	return first
}

// leave takes the channel off all connections. n answers will come.
func (ch *Channel) leave(why error) (answers <-chan error, n int) {
	ch.c.mu.Lock()
	defer ch.c.mu.Unlock()
	ch.hush()
	if ch.gone != nil {
		return nil, 0
	}
	told := make(chan error, len(ch.seats))
	for _, s := range ch.seats {
		s.conn.request("leave", ch.payload(), func(a answer) {
			var refused *Error
			if errors.As(a.err, &refused) && refused.Code == CodeNotJoined || errors.Is(a.err, errLost) {
				a.err = nil // it is not in the channel, which is what was wanted
			}
			told <- a.err
		})
		n++
	}
	delete(ch.c.channels, ch.name)
	ch.end(why)
	return told, n
}

// end is the channel's end. The caller holds the lock.
func (ch *Channel) end(why error) {
	if ch.gone != nil {
		return
	}
	ch.gone = why
	if !ch.entered {
		ch.joinErr = why
		close(ch.answered)
	} else {
		ch.emit(Ended{Channel: ch.name, Err: why})
	}
	ch.typist.stop()
	ch.settling.stop()
	for _, s := range slices.Clone(ch.seats) {
		ch.dismiss(s)
	}
	ch.failUnsent(why)
}

func (ch *Channel) emit(e Event) {
	if ch.events != nil {
		ch.events.push(e)
	}
}

// payload is the payload of a request that is about the channel and nothing else.
func (ch *Channel) payload() []byte {
	b := append([]byte(`{"channel":`), ch.quoted...)
	return append(b, '}')
}
