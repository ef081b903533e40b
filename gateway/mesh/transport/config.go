package transport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"
)

// LinkByte is the first byte of a TCP stream that is a peer link.
const LinkByte = 0xD7

// Memberlist's streams begin with one of its message types or with the mark of a label.
const (
	lastMemberlistType  = 13
	memberlistLabelByte = 244
)

// A DropReason says why the transport closed a stream.
type DropReason string

const (
	// DropSilent is a stream whose first byte did not come in time.
	DropSilent DropReason = "silent"
	// DropClosed is a stream that ended or failed before its first byte.
	DropClosed DropReason = "closed"
	// DropGarbage is a stream that begins with a byte that is neither memberlist's nor a link's.
	DropGarbage DropReason = "garbage"
	// DropCrowded is a stream that waited longest for its first byte when there were too many.
	DropCrowded DropReason = "crowded"
)

// Config configures a [Transport].
type Config struct {
	// Bind is the address and port for UDP and TCP. Port 0 picks one that is free for both. The zero Addr and the
	// unspecified ones (0.0.0.0 and ::) bind all addresses. An IPv6 zone is not supported.
	Bind netip.AddrPort
	// OnLink serves one link stream, whose first byte has been read. It owns the connection, must close it, and must
	// return soon after ctx is done. Required.
	OnLink func(ctx context.Context, conn net.Conn)
	// OnDrop is told of every stream that the transport closed by itself while it was running. It must not block.
	// Optional.
	OnDrop func(reason DropReason, addr net.Addr)
	// FirstByteTimeout bounds the wait for a stream's first byte. Default 5 s.
	FirstByteTimeout time.Duration
	// MaxUndecided bounds the streams that wait for their first byte or for memberlist to take them. Default 256.
	MaxUndecided int
	// Logger gets the errors of memberlist's transport. Default: nothing is logged.
	Logger *slog.Logger
}

// complete checks the configuration and fills in defaults.
func (c *Config) complete() error {
	if c.OnLink == nil {
		return errors.New("mesh transport: OnLink is missing")
	}
	if c.Bind.Addr().Zone() != "" {
		return fmt.Errorf("mesh transport: bind address %s has a zone, want one without", c.Bind)
	}
	if c.OnDrop == nil {
		c.OnDrop = func(DropReason, net.Addr) {}
	}
	if c.FirstByteTimeout <= 0 {
		c.FirstByteTimeout = 5 * time.Second
	}
	if c.MaxUndecided <= 0 {
		c.MaxUndecided = 256
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// host returns the bind address as memberlist wants it: empty for all addresses of both families.
func (c *Config) host() string {
	if !c.Bind.Addr().IsValid() {
		return ""
	}
	return c.Bind.Addr().Unmap().String()
}
