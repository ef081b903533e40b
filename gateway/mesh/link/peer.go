package link

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/starling-realtime/starling/hub"
)

// Self is what a process tells its peers about itself.
type Self struct {
	// Cluster has 1 to 255 bytes; the peer's must be equal.
	Cluster string
	// Boot is this life of the process; never zero.
	Boot hub.Boot
	// Node is the node's name without the boot, for people, at most 255 bytes.
	Node string
	// Advertise is the mesh address, host:port, at which peers reach this process, at most 255 bytes.
	Advertise string
	// AppVersion is the release, for people, at most 255 bytes.
	AppVersion string
	// Versions is the range of link protocol versions that it speaks. Default [SupportedVersions].
	Versions VersionRange
	// Features are the optional abilities that it has, one bit each; the link uses those that both sides have.
	Features uint64
}

// complete checks what the process says about itself and fills in the versions.
func (s *Self) complete() error {
	if s.Versions == (VersionRange{}) {
		s.Versions = SupportedVersions()
	}
	if err := s.Versions.check(); err != nil {
		return err
	}
	if s.Cluster == "" {
		return errors.New("cluster is missing")
	}
	if s.Boot == 0 {
		return errors.New("boot is missing")
	}
	for name, text := range map[string]string{
		"cluster": s.Cluster, "node": s.Node, "advertised address": s.Advertise, "version": s.AppVersion,
	} {
		if len(text) > maxText || !utf8.ValidString(text) {
			return fmt.Errorf("%s has %d bytes, want at most %d bytes of UTF-8", name, len(text), maxText)
		}
	}
	return nil
}

// A VersionRange is a closed range of protocol versions, Min at least 1.
type VersionRange struct{ Min, Max uint16 }

// SupportedVersions returns what this release speaks.
func SupportedVersions() VersionRange { return VersionRange{Min: 1, Max: 1} }

// String returns the range as "min to max".
func (v VersionRange) String() string { return fmt.Sprintf("%d to %d", v.Min, v.Max) }

func (v VersionRange) check() error {
	if v.Min < 1 || v.Max < v.Min {
		return fmt.Errorf("versions %s, want 1 <= min <= max", v)
	}
	return nil
}

// agree returns the highest version of both ranges, and false when there is none.
func (v VersionRange) agree(w VersionRange) (uint16, bool) {
	highest := min(v.Max, w.Max)
	return highest, highest >= v.Min && highest >= w.Min
}

// A Peer is the other side of a connection. It is immutable.
type Peer struct {
	// Boot is proved by the peer's certificate; the rest is what the peer said.
	Boot hub.Boot
	// Node, Advertise and AppVersion are the peer's: see [Self].
	Node, Advertise, AppVersion string
	// Published says whether the peer had accepted any publish when it said hello. Only senders say so.
	Published bool
	// Addr is the remote address of the connection.
	Addr string
	// Version is the protocol version that both sides agreed on.
	Version uint16
	// Features are the abilities that both sides have.
	Features uint64
}

// Timing are a link's intervals. A zero field takes its default.
type Timing struct {
	// Heartbeat is the longest time between two writes, in both directions. Default 500 ms.
	Heartbeat time.Duration
	// Silence tears down a connection from which nothing came for so long. Default 3 s.
	Silence time.Duration
	// Dial bounds one dial. Default 2 s.
	Dial time.Duration
	// Handshake bounds TLS and hello together, on both sides. Default 5 s.
	Handshake time.Duration
	// BackoffMin and BackoffMax bound the pause between two dials, which doubles and is jittered. Default 20 and 500 ms.
	BackoffMin, BackoffMax time.Duration
	// Replace bounds how long a second connection of a boot waits for the first one's handler to return. Then it is
	// refused as busy, and the sender tries again. Default 2 s. It must be well below Handshake.
	Replace time.Duration
}

// withDefaults returns t with its zero fields filled in.
func (t Timing) withDefaults() Timing {
	for _, f := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&t.Heartbeat, 500 * time.Millisecond},
		{&t.Silence, 3 * time.Second},
		{&t.Dial, 2 * time.Second},
		{&t.Handshake, 5 * time.Second},
		{&t.BackoffMin, 20 * time.Millisecond},
		{&t.BackoffMax, 500 * time.Millisecond},
		{&t.Replace, 2 * time.Second},
	} {
		if *f.field <= 0 {
			*f.field = f.value
		}
	}
	return t
}
