package fanout

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// Options configure a [Pool]. The zero value of a field is its default.
type Options struct {
	// Shards is the number of writer goroutines. Default: GOMAXPROCS.
	Shards int
	// MaxQueueBytes bounds what waits for one socket that the kernel refuses. Default 256 KiB.
	MaxQueueBytes int
	// HardQueueBytes bounds what waits for one socket in any case. At least MaxQueueBytes; default four times that.
	HardQueueBytes int
	// BurstGrace is how long the kernel must have refused a socket before MaxQueueBytes counts; until then only
	// HardQueueBytes does, so that a burst does not close a peer that reads. Default 1 s; negative: none.
	BurstGrace time.Duration
	// SlowTimeout is how long the kernel may refuse every byte before the socket counts as slow. Default 10 s.
	SlowTimeout time.Duration
	// SlowFrame is the complete close frame that a slow or overrun socket gets last, shared by all. Default: none.
	SlowFrame []byte
	// CloseTimeout bounds a close for which the caller gave no deadline: the last write, and waiting for the peer to
	// close its side. Default 1 s.
	CloseTimeout time.Duration
	// LagBytes is how much may wait in all sockets that the kernel does not refuse before [Pool.Lagging] turns true;
	// it turns false again below half of that. Frames shared by several sockets count for each. Default 64 MiB.
	LagBytes int
	// MaxWindow bounds how long a busy shard waits for more frames. Default 10 ms; negative: never.
	MaxWindow time.Duration
	// SendBufferBytes sets SO_SNDBUF on each socket (Linux doubles it); 0 leaves the system's automatic size, by which
	// the kernel absorbs over 1 MB for a peer that does not read.
	SendBufferBytes int
	// UserTimeout sets TCP_USER_TIMEOUT on each socket, on Linux: how long sent data may go unacknowledged before the
	// kernel gives the connection up, in steps of 1 ms. 0 leaves the system's default, about 15 minutes.
	UserTimeout time.Duration
}

// withDefaults returns the options with every default filled in, or says which one is impossible.
func (o Options) withDefaults() (Options, error) {
	o.Shards = cmp.Or(o.Shards, runtime.GOMAXPROCS(0))
	o.MaxQueueBytes = cmp.Or(o.MaxQueueBytes, 256<<10)
	o.HardQueueBytes = cmp.Or(o.HardQueueBytes, 4*o.MaxQueueBytes)
	o.BurstGrace = max(0, cmp.Or(o.BurstGrace, time.Second))
	o.SlowTimeout = cmp.Or(o.SlowTimeout, 10*time.Second)
	o.CloseTimeout = cmp.Or(o.CloseTimeout, time.Second)
	o.LagBytes = cmp.Or(o.LagBytes, 64<<20)
	o.MaxWindow = max(0, cmp.Or(o.MaxWindow, 10*time.Millisecond))
	return o, o.check()
}

func (o Options) check() error {
	var errs []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	refuse(o.Shards < 1, "fanout: %d shards, want at least 1", o.Shards)
	refuse(o.MaxQueueBytes < 0, "fanout: MaxQueueBytes is %d, want at least 1", o.MaxQueueBytes)
	refuse(o.HardQueueBytes < o.MaxQueueBytes, "fanout: HardQueueBytes is %d, want at least MaxQueueBytes, which is %d",
		o.HardQueueBytes, o.MaxQueueBytes)
	refuse(o.SlowTimeout < 0, "fanout: SlowTimeout is %s, want more than 0", o.SlowTimeout)
	refuse(o.CloseTimeout < 0, "fanout: CloseTimeout is %s, want more than 0", o.CloseTimeout)
	refuse(o.LagBytes < 0, "fanout: LagBytes is %d, want at least 1", o.LagBytes)
	refuse(o.SendBufferBytes < 0, "fanout: SendBufferBytes is %d, want at least 0", o.SendBufferBytes)
	refuse(o.UserTimeout < 0, "fanout: UserTimeout is %s, want at least 0", o.UserTimeout)
	return errors.Join(errs...)
}

// SocketOptions are about one [Socket]. Its callbacks run on a goroutine of the pool, one after the other, with no lock
// held: they may call anything except [Pool.Close].
type SocketOptions struct {
	// SlowFrame is the socket's own [Options.SlowFrame], for one that does not speak WebSocket.
	SlowFrame []byte
	// OnSlow is called at most once, when the pool decides to close the socket because of what waits for it:
	// [ReasonSlow], [ReasonOverflow] or [ReasonOverrun]. OnClosed follows. May be nil.
	OnSlow func(Reason)
	// OnClosed is called exactly once, when the connection is closed. err says what went wrong and is nil when
	// everything queued and the close frame were handed to the kernel. May be nil.
	OnClosed func(reason Reason, err error)
}
