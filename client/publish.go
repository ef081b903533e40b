package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// An Except says who does not get a publish.
type Except string

// Whom a publish can leave out.
const (
	// ExceptConnection leaves out this client.
	ExceptConnection Except = "connection"
	// ExceptMember leaves out all clients of this member.
	ExceptMember Except = "member"
	// ExceptNone leaves out nobody.
	ExceptNone Except = "none"
)

// PublishOptions are the details of a publish.
type PublishOptions struct {
	// Except says who does not get it. Default: ExceptConnection.
	Except Except
	// Key, of 1 to 128 bytes, makes two publishes of this member to the channel one, within 2 minutes. Default: a new one, so that
	// the client can send the publish again when the answer is lost.
	Key string
	// Once leaves the default key out. When the answer is lost the publish fails with [ErrUnknownOutcome].
	Once bool
}

const maxKeyBytes = 128

// A Receipt is a publish on its way.
type Receipt struct {
	ch       *Channel
	payload  []byte // of the request
	seq      uint64 // the order of publishing
	keyed    bool
	attempts int       // of which nobody knows what came
	sentAt   time.Time // first
	putOff   *Error    // the gateway's last word, if it was to try again later
	orphan   bool      // nobody waits for it any more
	done     chan struct{}
	resolved bool
	mid      string
	err      error
}

// Done is closed when the gateway has answered, or will not.
func (r *Receipt) Done() <-chan struct{} { return r.done }

// Wait waits until the publish is accepted and returns its message id. The error is an [*Error] of the gateway, [ErrTooLarge],
// [ErrLeft], [ErrClosed], [ErrUnknownOutcome], or the context's. When only this wait ended, the publish goes on.
func (r *Receipt) Wait(ctx context.Context) (mid string, err error) {
	select {
	case <-r.done:
		return r.mid, r.err
	case <-ctx.Done():
		return "", fmt.Errorf("waiting for the answer to a publish: %w", context.Cause(ctx))
	}
}

// Publish sends an event to everybody in the channel, and waits until a gateway has accepted it. The payload is made JSON; a
// json.RawMessage is sent as it is. A gateway that wants it later gets it later, for up to 100 s. When ctx ends first the publish is
// taken back if it has not been sent, or was refused for now; else the error is [ErrUnknownOutcome] as well.
func (ch *Channel) Publish(ctx context.Context, typ string, payload any, opts PublishOptions) (mid string, err error) {
	r, err := ch.PublishAsync(typ, payload, opts)
	if err != nil {
		return "", err
	}
	select {
	case <-r.done:
		mid, err = r.mid, r.err
	case <-ctx.Done():
		mid, err = ch.takeBack(r, context.Cause(ctx))
	}
	if err != nil {
		return "", fmt.Errorf("publishing to %q: %w", ch.name, err)
	}
	return mid, nil
}

// PublishAsync is [Channel.Publish] without waiting. The error is [ErrQueueFull], [ErrLeft], [ErrClosed], or says what is wrong with
// the arguments; what else may happen is in the receipt, which may be ignored.
func (ch *Channel) PublishAsync(typ string, payload any, opts PublishOptions) (*Receipt, error) {
	if err := checkName("the event's type", typ); err != nil {
		return nil, fmt.Errorf("publishing to %q: %w", ch.name, err)
	}
	if err := opts.check(); err != nil {
		return nil, fmt.Errorf("publishing to %q: %w", ch.name, err)
	}
	data, err := asJSON(payload)
	if err != nil {
		return nil, fmt.Errorf("publishing to %q: %w", ch.name, err)
	}
	ch.c.mu.Lock()
	defer ch.c.mu.Unlock()
	if ch.gone != nil {
		return nil, fmt.Errorf("publishing to %q: %w", ch.name, ch.gone)
	}
	r := &Receipt{ch: ch, done: make(chan struct{}), keyed: opts.Key != "" || !opts.Once}
	ch.c.lastSeq++
	r.seq = ch.c.lastSeq
	if r.keyed && opts.Key == "" {
		opts.Key = ch.c.keys + strconv.FormatUint(r.seq, 36)
	}
	r.payload = ch.publishPayload(typ, data, opts)
	if ch.c.queued > 0 && ch.c.queued+r.size() > ch.c.opts.PublishQueueBytes {
		return nil, fmt.Errorf("publishing to %q: %w: PublishQueueBytes is %d", ch.name, ErrQueueFull, ch.c.opts.PublishQueueBytes)
	}
	ch.c.queued += r.size()
	ch.unsent = append(ch.unsent, r)
	ch.pump()
	return r, nil
}

func (o PublishOptions) check() error {
	switch o.Except {
	case "", ExceptConnection, ExceptMember, ExceptNone:
	default:
		return fmt.Errorf("except is %q: connection, member or none is right", o.Except)
	}
	if len(o.Key) > maxKeyBytes {
		return fmt.Errorf("the key has %d bytes: at most %d are right", len(o.Key), maxKeyBytes)
	}
	return nil
}

func asJSON(payload any) ([]byte, error) {
	raw, ok := payload.(json.RawMessage)
	switch {
	case !ok:
		return json.Marshal(payload)
	case len(raw) == 0:
		return []byte("null"), nil
	case !json.Valid(raw):
		return nil, errors.New("the payload is not JSON")
	}
	return raw, nil
}

func (ch *Channel) publishPayload(typ string, payload []byte, opts PublishOptions) []byte {
	const punctuation = 128
	b := make([]byte, 0, punctuation+len(ch.quoted)+len(typ)+len(payload)+len(opts.Key))
	b = append(b, `{"channel":`...)
	b = append(b, ch.quoted...)
	b = append(b, `,"type":`...)
	b = append(b, quote(typ)...)
	b = append(b, `,"payload":`...)
	b = append(b, payload...)
	if opts.Except != "" {
		b = append(b, `,"except":"`...)
		b = append(b, opts.Except...)
		b = append(b, '"')
	}
	if opts.Key != "" {
		b = append(b, `,"key":`...)
		b = append(b, quote(opts.Key)...)
	}
	return append(b, '}')
}
