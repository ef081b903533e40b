package transport

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/hashicorp/memberlist"
)

// LinkByte is the first byte of a TCP stream that is a peer link. Memberlist's streams begin with 0 to 13 or 244.
const LinkByte = 0xD7

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
	// Bind is the address and port for UDP and TCP. Port 0 picks one that is free for both. The unspecified address
	// (0.0.0.0 or ::) binds all addresses.
	Bind netip.AddrPort
	// OnLink serves one link stream, whose first byte has been read. It owns the connection, must close it, and must
	// return soon after ctx is done. Required.
	OnLink func(ctx context.Context, conn net.Conn)
	// OnDrop is told of every stream that the transport closed by itself. It must not block. Optional.
	OnDrop func(reason DropReason, addr net.Addr)
	// FirstByteTimeout bounds the wait for a stream's first byte. Default 5 s.
	FirstByteTimeout time.Duration
	// MaxUndecided bounds the streams that wait for their first byte. Default 256.
	MaxUndecided int
	// Logger gets memberlist's transport messages. Default: nothing is logged.
	Logger *slog.Logger
}

// A Transport is a [memberlist.NodeAwareTransport]. All methods are safe for concurrent use.
type Transport struct{}

var _ memberlist.NodeAwareTransport = (*Transport)(nil)

// New binds the ports and starts to accept.
func New(cfg Config) (*Transport, error) { panic("todo") }

// Addr returns the bound address and port; the port is never 0.
func (t *Transport) Addr() netip.AddrPort { panic("todo") }

// FinalAdvertiseAddr implements [memberlist.Transport]. With an empty ip and an unspecified bind address it picks a
// private address of this machine, else any unicast one that is not loopback.
func (t *Transport) FinalAdvertiseAddr(ip string, port int) (net.IP, int, error) { panic("todo") }

// WriteTo implements [memberlist.Transport].
func (t *Transport) WriteTo(b []byte, addr string) (time.Time, error) { panic("todo") }

// WriteToAddress implements [memberlist.NodeAwareTransport].
func (t *Transport) WriteToAddress(b []byte, addr memberlist.Address) (time.Time, error) { panic("todo") }

// PacketCh implements [memberlist.Transport].
func (t *Transport) PacketCh() <-chan *memberlist.Packet { panic("todo") }

// DialTimeout implements [memberlist.Transport].
func (t *Transport) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) { panic("todo") }

// DialAddressTimeout implements [memberlist.NodeAwareTransport].
func (t *Transport) DialAddressTimeout(addr memberlist.Address, timeout time.Duration) (net.Conn, error) { panic("todo") }

// StreamCh implements [memberlist.Transport]: it yields memberlist's streams, first byte included.
func (t *Transport) StreamCh() <-chan net.Conn { panic("todo") }

// Shutdown closes the ports and all undecided streams, cancels the handlers' contexts, and returns when all goroutines
// have ended. It may be called several times, also when memberlist never ran.
func (t *Transport) Shutdown() error { panic("todo") }
