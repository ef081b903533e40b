package client

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Options configure a [Client]. A field that is zero has its default; a negative number is an error. At most one of Member, Token
// and TokenFunc may be set; with none, the gateway has to know the client by its Header.
type Options struct {
	// Member is the member id, for a gateway that takes clients at their word (--anonymous).
	Member string
	// Token is sent as "Authorization: Bearer". When it expires the client stops; use TokenFunc to go on.
	Token string
	// TokenFunc returns a token. It is asked before the first connection, again when a gateway refuses the last token, and before the
	// token ends if that is a JWT whose exp can be read: the connection then goes on with the new one. Its
	// context ends with the client. When it fails it is asked again after a backoff. It must not call Close.
	TokenFunc func(ctx context.Context) (string, error)

	// Session ties the overlapping connections of this client, 1 to 200 bytes. Default: a random string.
	Session string
	// Header is sent with every handshake.
	Header http.Header
	// TLSConfig is for wss URLs. Default: the system's.
	TLSConfig *tls.Config
	// Proxy says which proxy to use. Default: http.ProxyFromEnvironment, which uses none for loopback addresses.
	Proxy func(*http.Request) (*url.URL, error)
	// DialContext opens network connections. Default: net.Dialer's.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// DialTimeout bounds opening a network connection. It is short because the address of a machine that died may swallow
	// packets, and the next try goes elsewhere. Default: 2 s.
	DialTimeout time.Duration
	// HandshakeTimeout bounds the time from then until the gateway's welcome. Default: 10 s.
	HandshakeTimeout time.Duration
	// Backoff is how long to wait between attempts to connect.
	Backoff Backoff

	// PublishQueueBytes bounds the publishes of all channels that wait for a connection or for their answer. Default: 1 MiB.
	PublishQueueBytes int
	// EventQueueBytes bounds, for each channel and for OnDirect, the events that wait for the program: see [JoinOptions]. Default: 1 MiB.
	EventQueueBytes int
	// MaxFrameBytes bounds a frame from the gateway; a larger one breaks the connection. Default: 8 MiB.
	MaxFrameBytes int

	// TypingRefresh is how often a typing flag is repeated; it has to be shorter than the gateway's --typing-ttl. Default: 2 s.
	TypingRefresh time.Duration
	// TypingIdle is how long after the last [Channel.StartTyping] the flag ends by itself. Default: 5 s.
	TypingIdle time.Duration

	// OnDirect is told what a backend sends to the member on all its devices (POST /v1/members/{member}/send of the HTTP API), one call
	// at a time and in the order in which it comes: a [Message] without a Channel, and a [Gap] when some may have been missed. It needs
	// no channel. EventQueueBytes bounds what waits for it, as for a channel. It must not call Close.
	OnDirect func(Event)
	// OnStatus is told how the connection fares, one call at a time. When it is slow it misses some, but never the last.
	// It must not call Close.
	OnStatus func(Status)
	// Logger gets what happens to connections. Default: nothing is logged.
	Logger *slog.Logger
}

// Backoff is full jitter: each wait is a random time between 0 and a bound that begins at First and doubles with each failure
// up to Max. What a gateway asks for (Retry-After) comes on top.
type Backoff struct {
	First time.Duration // default: 1 s
	Max   time.Duration // default: 30 s
}

const (
	defaultDialTimeout      = 2 * time.Second
	defaultHandshakeTimeout = 10 * time.Second
	defaultBackoffFirst     = time.Second
	defaultBackoffMax       = 30 * time.Second
	defaultQueueBytes       = 1 << 20
	defaultFrameBytes       = 8 << 20
	defaultTypingRefresh    = 2 * time.Second
	defaultTypingIdle       = 5 * time.Second
)

// complete checks the options and fills in the defaults.
func (o Options) complete() (Options, error) {
	given := 0
	for _, set := range []bool{o.Member != "", o.Token != "", o.TokenFunc != nil} {
		if set {
			given++
		}
	}
	if given > 1 {
		return o, errors.New("several of Member, Token and TokenFunc are set: at most one is right")
	}
	if err := errors.Join(o.checkNames(), o.checkBounds()); err != nil {
		return o, err
	}
	o.Session = cmp.Or(o.Session, rand.Text())
	if o.Proxy == nil {
		o.Proxy = http.ProxyFromEnvironment
	}
	if o.DialContext == nil {
		o.DialContext = new(net.Dialer).DialContext
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.DialTimeout = cmp.Or(o.DialTimeout, defaultDialTimeout)
	o.HandshakeTimeout = cmp.Or(o.HandshakeTimeout, defaultHandshakeTimeout)
	o.Backoff.First = cmp.Or(o.Backoff.First, defaultBackoffFirst)
	o.Backoff.Max = max(cmp.Or(o.Backoff.Max, defaultBackoffMax), o.Backoff.First)
	o.PublishQueueBytes = cmp.Or(o.PublishQueueBytes, defaultQueueBytes)
	o.EventQueueBytes = cmp.Or(o.EventQueueBytes, defaultQueueBytes)
	o.MaxFrameBytes = cmp.Or(o.MaxFrameBytes, defaultFrameBytes)
	o.TypingRefresh = cmp.Or(o.TypingRefresh, defaultTypingRefresh)
	o.TypingIdle = cmp.Or(o.TypingIdle, defaultTypingIdle)
	return o, nil
}

func (o Options) checkNames() error {
	var errs []error
	if o.Member != "" {
		errs = append(errs, checkName("Member", o.Member))
	}
	if o.Session != "" {
		errs = append(errs, checkName("Session", o.Session))
	}
	return errors.Join(errs...)
}

func (o Options) checkBounds() error {
	for name, value := range map[string]int64{
		"DialTimeout": int64(o.DialTimeout), "HandshakeTimeout": int64(o.HandshakeTimeout),
		"Backoff.First": int64(o.Backoff.First), "Backoff.Max": int64(o.Backoff.Max),
		"PublishQueueBytes": int64(o.PublishQueueBytes), "EventQueueBytes": int64(o.EventQueueBytes),
		"MaxFrameBytes": int64(o.MaxFrameBytes), "TypingRefresh": int64(o.TypingRefresh), "TypingIdle": int64(o.TypingIdle),
	} {
		if value < 0 {
			return fmt.Errorf("%s is negative: more than 0, or 0 for the default, is right", name)
		}
	}
	return nil
}
