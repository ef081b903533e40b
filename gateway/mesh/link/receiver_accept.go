package link

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/starling-realtime/starling/gateway/mesh/keyring"
)

// serve takes a connection through the handshake, and receives on it if it is welcome. A refused one stays among the
// strangers until it is closed, so that those who linger are bounded too.
func (r *Receiver) serve(ctx context.Context, raw net.Conn) {
	defer func() { _ = raw.Close() }()
	release := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer release()
	guest := r.strangers.Enter(raw)
	defer guest.Leave()
	live := &liveConn{Conn: raw}
	secure := tls.Server(live, r.cfg.TLS)
	s, err := r.admit(ctx, raw, live, secure)
	switch {
	case err == nil:
		guest.Leave()
		s.receive()
		return
	case ctx.Err() != nil:
		return
	case guest.Evicted():
		err = &refusal{reason: ReasonTooMany, err: errors.New("closed to make room for newer connections")}
	}
	r.refuse(raw, secure, err)
}

// refuse counts and logs a refusal and tells the peer.
func (r *Receiver) refuse(raw net.Conn, secure *tls.Conn, err error) {
	why := &refusal{reason: ReasonHandshake, err: err}
	errors.As(err, &why)
	r.report(why.reason, raw.RemoteAddr(), err)
	if why.code != codeOK {
		_ = raw.SetDeadline(time.Now().Add(lingerTime))
		_, _ = secure.Write(r.answer(why.code, why.Error()).encode())
	}
	linger(raw)
}

// report counts and logs what was refused or broken off. Connections that merely ended, port scans and probes, and those
// that pass by themselves are not worth a line.
func (r *Receiver) report(reason Reason, addr net.Addr, err error) {
	r.cfg.OnRefused(reason, addr, err)
	switch reason {
	case ReasonHandshake, ReasonStale, ReasonUnknownStream:
	default:
		r.log.add(reason, addr, err)
	}
}

// answer returns a reply with what this side says about itself.
func (r *Receiver) answer(c code, text string) *reply {
	self := &r.cfg.Self
	return &reply{
		code: c, text: text, boot: self.Boot, node: self.Node, advertise: self.Advertise, appVersion: self.AppVersion,
		versions: self.Versions,
	}
}

// admit shakes hands, hears the hello, and waits until the boot's former connection has ended.
func (r *Receiver) admit(ctx context.Context, raw net.Conn, live *liveConn, secure *tls.Conn) (*session, error) {
	if err := raw.SetDeadline(time.Now().Add(r.cfg.Timing.Handshake)); err != nil {
		return nil, fmt.Errorf("setting the handshake's deadline: %w", err)
	}
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, tlsRefusal(err)
	}
	h, err := r.readHello(secure)
	if err != nil {
		return nil, err
	}
	version, err := r.check(h, secure.ConnectionState())
	if err != nil {
		return nil, err
	}
	features := h.features & r.cfg.Self.Features
	s := newSession(r, raw, secure, h.peer(raw.RemoteAddr().String(), version, features))
	if err := r.cfg.Handler.OnHello(s.peer); err != nil {
		return nil, &refusal{reason: ReasonRejected, code: codeRejected, err: err}
	}
	if err := r.takeOver(ctx, s, h); err != nil {
		return nil, err
	}
	// The keys may have changed since the handshake: from takeOver on Recheck finds this session.
	s.recheck()
	if err := s.begin(live); err != nil {
		s.end(err)
		return nil, err
	}
	return s, nil
}

// tlsRefusal says why a handshake failed.
func tlsRefusal(err error) error {
	reason := ReasonHandshake
	switch {
	case isPlaintext(err):
		reason = ReasonPlaintext
	case errors.Is(err, keyring.ErrWrongCluster):
		reason = ReasonWrongCluster
	case isDistrust(err):
		reason = ReasonBadKey
	case isRemoteAlert(err):
		reason = ReasonNotAccepted
	}
	return &refusal{reason: reason, err: fmt.Errorf("shaking hands: %w", err)}
}

func (r *Receiver) readHello(secure io.Reader) (*hello, error) {
	b, err := readMessage(secure, helloMagic)
	if err == nil {
		var h *hello
		if h, err = parseHello(b); err == nil {
			return h, nil
		}
	}
	if errors.Is(err, errMalformed) {
		return nil, &refusal{ReasonBadHello, codeBadHello, fmt.Errorf("reading hello: %w", err)}
	}
	if isRemoteAlert(err) {
		return nil, &refusal{reason: ReasonNotAccepted, err: fmt.Errorf("shaking hands: %w", err)}
	}
	return nil, fmt.Errorf("reading hello: %w", err)
}

// check compares the hello with what this side is and what the peer has proved, and agrees on a version.
func (r *Receiver) check(h *hello, state tls.ConnectionState) (version uint16, err error) {
	self := &r.cfg.Self
	version, ok := self.Versions.agree(h.versions)
	if !ok {
		return 0, &refusal{ReasonVersion, codeVersion, fmt.Errorf(
			"no link version in common: the peer (release %q) speaks %s, this gateway %s", h.appVersion, h.versions, self.Versions)}
	}
	if err := h.complete(); err != nil {
		return 0, &refusal{ReasonBadHello, codeBadHello, fmt.Errorf("reading hello: %w", err)}
	}
	if h.cluster != self.Cluster {
		return 0, &refusal{ReasonWrongCluster, codeWrongCluster, fmt.Errorf("peer is of cluster %q, want %q", h.cluster, self.Cluster)}
	}
	proved, err := keyring.PeerBoot(state)
	if err != nil {
		return 0, &refusal{ReasonBadKey, codeBadHello, err}
	}
	if proved != h.boot {
		return 0, &refusal{ReasonBadHello, codeBadHello, fmt.Errorf("peer calls itself boot %s, and its certificate %s", h.boot, proved)}
	}
	if h.receiver != self.Boot {
		return 0, &refusal{ReasonWrongBoot, codeWrongBoot, fmt.Errorf("peer wants boot %s, this is %s", h.receiver, self.Boot)}
	}
	return version, nil
}
