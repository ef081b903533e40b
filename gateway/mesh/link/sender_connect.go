package link

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"time"
)

// connect dials, shakes hands and agrees with the receiver on where the stream goes on.
func (s *Sender) connect(ctx context.Context) (*senderConn, error) {
	dialCtx, cancel := context.WithTimeout(ctx, s.cfg.Timing.Dial)
	raw, err := s.cfg.Dial(dialCtx)
	cancel()
	if err != nil {
		return nil, fmt.Errorf("dialing: %w", err)
	}
	// Whatever waits for the peer has no context of its own: closing the connection ends it.
	release := context.AfterFunc(ctx, func() { _ = raw.Close() })
	conn, err := s.handshake(ctx, raw)
	if err != nil {
		release()
		_ = raw.Close()
		return nil, err
	}
	conn.release = release
	return conn, nil
}

func (s *Sender) handshake(ctx context.Context, raw net.Conn) (*senderConn, error) {
	if err := raw.SetDeadline(time.Now().Add(s.cfg.Timing.Handshake)); err != nil {
		return nil, fmt.Errorf("setting the handshake's deadline: %w", err)
	}
	if _, err := raw.Write([]byte{FirstByte}); err != nil {
		return nil, fmt.Errorf("writing the first byte: %w", err)
	}
	live := &liveConn{Conn: raw}
	secure := tls.Client(live, s.cfg.TLS())
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("shaking hands: %w", err)
	}
	h := s.hello()
	if _, err := secure.Write(h.encode()); err != nil {
		return nil, fmt.Errorf("saying hello: %w", err)
	}
	r, err := readReply(secure)
	if err != nil {
		return nil, err
	}
	peer, err := s.judge(h, r, raw.RemoteAddr().String())
	if err != nil {
		return nil, err
	}
	if err := live.watch(s.cfg.Timing.Silence); err != nil {
		return nil, fmt.Errorf("clearing the handshake's deadline: %w", err)
	}
	return &senderConn{s: s, raw: raw, tls: secure, peer: peer, resumed: r.known, quit: make(chan struct{})}, nil
}

func readReply(r io.Reader) (*reply, error) {
	b, err := readMessage(r, replyMagic)
	if err != nil {
		if isRemoteAlert(err) {
			return nil, fmt.Errorf("peer did not accept this gateway's certificate, check keys, cluster and clocks: %w", err)
		}
		return nil, fmt.Errorf("reading the answer to hello: %w", err)
	}
	p, err := parseReply(b)
	if err != nil {
		return nil, fmt.Errorf("reading the answer to hello: %w", err)
	}
	return p, nil
}

// hello says who this is and where the stream is.
func (s *Sender) hello() *hello {
	published := s.cfg.Published()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempts++
	self, t := &s.cfg.Self, &s.stream
	return &hello{
		versions: self.Versions, features: self.Features, cluster: self.Cluster, boot: self.Boot, receiver: s.cfg.Peer,
		node: self.Node, advertise: self.Advertise, appVersion: self.AppVersion,
		stream: t.id, first: t.first, next: t.next(), fresh: t.sent == 0, published: published,
		instance: s.instance, attempt: s.attempts,
	}
}

// judge checks the receiver's answer and sets the stream to where it goes on.
func (s *Sender) judge(h *hello, r *reply, addr string) (Peer, error) {
	switch r.code {
	case codeOK:
	case codeUnknownStream:
		return Peer{}, &unknownStreamError{"peer has no state of the stream"}
	case codeVersion:
		return Peer{}, &refusedError{r.code, fmt.Sprintf("it speaks link versions %s, this gateway %s", r.versions, h.versions)}
	default:
		return Peer{}, &refusedError{r.code, r.text}
	}
	if r.boot != h.receiver {
		return Peer{}, &refusedError{codeWrongBoot, fmt.Sprintf("it is boot %s, want %s", r.boot, h.receiver)}
	}
	if r.version < h.versions.Min || r.version > h.versions.Max {
		return Peer{}, &refusedError{codeVersion, fmt.Sprintf("it chose link version %d, this gateway speaks %s", r.version, h.versions)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &s.stream
	switch {
	case !r.known && !h.fresh:
		return Peer{}, &unknownStreamError{"peer has no state of the stream"}
	case !r.known:
		r.applied = 0
	case r.applied+1 < t.first || r.applied > t.sent:
		reason := fmt.Sprintf("peer says that it applied frame %d, want %d to %d", r.applied, t.first-1, t.sent)
		return Peer{}, &unknownStreamError{reason}
	}
	t.taken = r.applied
	return Peer{
		Boot: r.boot, Node: r.node, Advertise: r.advertise, AppVersion: r.appVersion, Addr: addr,
		Version: r.version, Features: r.features & h.features,
	}, nil
}
