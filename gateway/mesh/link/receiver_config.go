package link

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
)

// ReceiverConfig configures a [Receiver]. Self, TLS and Handler are required.
type ReceiverConfig struct {
	Self    Self
	TLS     *tls.Config // keyring's ServerConfig
	Handler Handler
	// OnRefused counts what was refused or broken off for a reason. It must not block. Optional.
	OnRefused func(reason Reason, addr net.Addr, err error)
	// MaxFrame bounds a frame's body, in bytes. Default [DefaultMaxFrame].
	MaxFrame int
	// MaxHandshakes bounds the connections that have not proved themselves yet; over it the one that has waited longest
	// is closed. Default 128.
	MaxHandshakes int
	// MaxPeers bounds the boots whose state is held. Default 1024.
	MaxPeers int
	Timing   Timing
	// Logger gets each reason for refusing once for each peer address in a while. Default: nothing is logged.
	Logger *slog.Logger
}

// complete checks the configuration and fills in defaults.
func (c *ReceiverConfig) complete() error {
	if err := c.Self.complete(); err != nil {
		return fmt.Errorf("link receiver: %w", err)
	}
	if c.TLS == nil || c.Handler == nil {
		return errors.New("link receiver: TLS and Handler are required")
	}
	if c.OnRefused == nil {
		c.OnRefused = func(Reason, net.Addr, error) {}
	}
	if c.MaxFrame <= 0 {
		c.MaxFrame = DefaultMaxFrame
	}
	if c.MaxHandshakes <= 0 {
		c.MaxHandshakes = 128
	}
	if c.MaxPeers <= 0 {
		c.MaxPeers = 1024
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Timing = c.Timing.withDefaults()
	return nil
}
