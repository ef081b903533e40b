package link

import (
	"time"

	"github.com/starling-realtime/starling/hub"
)

// Self is what a process tells its peers about itself.
type Self struct {
	// Cluster, at most 255 bytes; the peer's must be equal.
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

// A VersionRange is a closed range of protocol versions, Min at least 1.
type VersionRange struct{ Min, Max uint16 }

// SupportedVersions is what this release speaks.
var SupportedVersions = VersionRange{Min: 1, Max: 1}

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
	// refused as busy, and the sender tries again. Default 2 s.
	Replace time.Duration
}
