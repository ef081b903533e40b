package gateway

import (
	"github.com/spf13/pflag"

	"github.com/starling-realtime/starling/hub"
)

// Limits bound what one gateway takes on. What is over a bound is refused with an error and counted in
// starling_refused_total or starling_closed_total.
type Limits struct {
	// Connections at a time.
	Connections int
	// ConnectionsPerAddress at a time; 0: no bound.
	ConnectionsPerAddress int
	// AcceptPerSecond is how many new connections are taken a second.
	AcceptPerSecond int
	// AcceptQueue is how many upgrades may wait for their turn, which comes within a quarter of the handshake timeout; 0: none.
	AcceptQueue int
	// Channels that have connections here.
	Channels int
	// ChannelsPerConnection at a time.
	ChannelsPerConnection int
	// PresenceEntries are pairs of a channel and a member present in it through this gateway.
	PresenceEntries int
	// JoinsPerSecond of all connections together.
	JoinsPerSecond int
	// JoinsPerSecondPerConnection after a first burst of ChannelsPerConnection.
	JoinsPerSecondPerConnection int
	// BadFrames of one connection that are answered with an error in a burst, and one more every second. The next one ends
	// the connection.
	BadFrames int
	// SnapshotMembers listed in one presence:snapshot.
	SnapshotMembers int
	// MessageBytes of one client message.
	MessageBytes int
	// SendQueueBytes that wait for one connection.
	SendQueueBytes int
	// LinkQueueBytes that wait for one other gateway.
	LinkQueueBytes int
}

func (l *Limits) bind(fs *pflag.FlagSet) {
	fs.IntVar(&l.Connections, "max-connections", l.Connections, "most connections at a time")
	fs.IntVar(&l.ConnectionsPerAddress, "max-connections-per-address", l.ConnectionsPerAddress,
		"most connections at a time from one IP address, as this process sees it; 0: no bound")
	fs.IntVar(&l.AcceptPerSecond, "accept-per-second", l.AcceptPerSecond, "most new connections a second")
	fs.IntVar(&l.AcceptQueue, "accept-queue", l.AcceptQueue,
		"most upgrades that wait for their turn, when more come than --accept-per-second")
	fs.IntVar(&l.Channels, "max-channels", l.Channels, "most channels that have connections on this gateway")
	fs.IntVar(&l.ChannelsPerConnection, "max-channels-per-connection", l.ChannelsPerConnection, "most channels that one connection may be in")
	fs.IntVar(&l.PresenceEntries, "max-presence-entries", l.PresenceEntries,
		"most pairs of a channel and a member present in it through this gateway")
	fs.IntVar(&l.JoinsPerSecond, "joins-per-second", l.JoinsPerSecond, "most joins a second of all connections together")
	fs.IntVar(&l.JoinsPerSecondPerConnection, "joins-per-second-per-connection", l.JoinsPerSecondPerConnection,
		"most joins a second of one connection, after a first burst of --max-channels-per-connection")
	fs.IntVar(&l.BadFrames, "max-bad-frames", l.BadFrames,
		"most malformed frames of one connection in a burst, and one more every second, before it is closed")
	fs.IntVar(&l.SnapshotMembers, "max-snapshot-members", l.SnapshotMembers, "most members listed in one presence snapshot")
	fs.IntVar(&l.MessageBytes, "max-message-bytes", l.MessageBytes, "largest message of a client, in bytes")
	fs.IntVar(&l.SendQueueBytes, "send-queue-bytes", l.SendQueueBytes, "most bytes that may wait for one slow connection")
	fs.IntVar(&l.LinkQueueBytes, "link-queue-bytes", l.LinkQueueBytes, "most bytes that may wait for one other gateway")
}

// byFlag returns every bound under the name of its flag.
func (l *Limits) byFlag() map[string]int {
	bounds := *l
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	bounds.bind(fs)
	values := make(map[string]int)
	fs.VisitAll(func(f *pflag.Flag) {
		if n, err := fs.GetInt(f.Name); err == nil {
			values[f.Name] = n
		}
	})
	return values
}

// largestFrame is the size of the largest frame that a connection may have to be sent: a snapshot of the longest names, or an
// event with the largest message as its payload.
func (l *Limits) largestFrame() int {
	const (
		envelope = 4 << 10
		name     = 2*hub.MaxNameBytes + len(`"",`) // with every character escaped
	)
	return envelope + max(l.MessageBytes, 2*l.SnapshotMembers*name)
}
