package gateway

import (
	"cmp"

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
	// AcceptPerSecondPerAddress is how many new connections of one address are taken a second; 0: no bound.
	AcceptPerSecondPerAddress int
	// AcceptBurstPerAddress is how many of them are taken at once; 0: AcceptPerSecondPerAddress.
	AcceptBurstPerAddress int
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
	// MessagesPerConnection, MessagesPerMember and MessagesPerChannel bound the publishes and typing requests of each connection, of
	// each member, and in each channel, through this gateway.
	MessagesPerConnection, MessagesPerMember, MessagesPerChannel Rate
	// RateLimiters is how many members, channels and addresses, of each, are remembered for their rates.
	RateLimiters int
	// HastyRequests of one connection are refused as rate_limited in a burst, and a tenth of it more every second, although they came
	// before the time that it was told to wait for. The next one ends the connection.
	HastyRequests int
	// BadFrames of one connection that are answered with an error in a burst, and one more every second. The next one ends
	// the connection.
	BadFrames int
	// SnapshotMembers listed in one presence:snapshot.
	SnapshotMembers int
	// MessageBytes of one client message.
	MessageBytes int
	// UnfinishedBytes of messages that have not come whole, of all connections together; the first 4 KiB of each do not count. What they take
	// is up to twice that. Over it the connection ends whose message grows; one that is not complete after four heartbeats ends its own.
	UnfinishedBytes int
	// SendQueueBytes that wait for one connection.
	SendQueueBytes int
	// LinkQueueBytes that wait for one other gateway.
	LinkQueueBytes int
	// APIRequestsPerSecond of one key of the HTTP API, by its name.
	APIRequestsPerSecond int
	// APIRequestBytes of one body of the HTTP API.
	APIRequestBytes int
	// APIBatch is how many messages one request of the HTTP API may publish.
	APIBatch int
}

// A Rate bounds how often something happens.
type Rate struct {
	// PerSecond is how often on average; 0: there is no bound.
	PerSecond int
	// Burst is how often at once; 0: PerSecond.
	Burst int
}

func (r Rate) burst() int { return cmp.Or(r.Burst, r.PerSecond) }

func (l *Limits) bind(fs *pflag.FlagSet) {
	fs.IntVar(&l.Connections, "max-connections", l.Connections, "most connections at a time")
	fs.IntVar(&l.ConnectionsPerAddress, "max-connections-per-address", l.ConnectionsPerAddress,
		"most connections at a time from one IP address: see --trusted-proxies; 0: no bound")
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
	l.MessagesPerConnection.bind(fs, "connection", "of one connection")
	l.MessagesPerMember.bind(fs, "member", "of one member, through this gateway")
	l.MessagesPerChannel.bind(fs, "channel", "to one channel, through this gateway")
	fs.IntVar(&l.AcceptPerSecondPerAddress, "accept-per-second-per-address", l.AcceptPerSecondPerAddress,
		"most new connections a second from one IP address; 0: no bound")
	fs.IntVar(&l.AcceptBurstPerAddress, "accept-burst-per-address", l.AcceptBurstPerAddress,
		"most of them at once (default: as many as in a second)")
	fs.IntVar(&l.RateLimiters, "max-rate-limiters", l.RateLimiters,
		"most members, channels and addresses, of each, whose rates are remembered; over it whoever was idle for longest begins anew")
	fs.IntVar(&l.HastyRequests, "max-hasty-requests", l.HastyRequests,
		"most requests of one connection in a burst that are over a rate again before it has waited as it was told, and a tenth of it more "+
			"every second, before it is closed")
	fs.IntVar(&l.BadFrames, "max-bad-frames", l.BadFrames,
		"most malformed frames of one connection in a burst, and one more every second, before it is closed")
	fs.IntVar(&l.SnapshotMembers, "max-snapshot-members", l.SnapshotMembers, "most members listed in one presence snapshot")
	fs.IntVar(&l.MessageBytes, "max-message-bytes", l.MessageBytes, "largest message of a client, in bytes")
	fs.IntVar(&l.UnfinishedBytes, "max-unfinished-bytes", l.UnfinishedBytes,
		"most bytes of messages that have not come whole, of all connections together; the first 4 KiB of each do not count")
	fs.IntVar(&l.SendQueueBytes, "send-queue-bytes", l.SendQueueBytes, "most bytes that may wait for one slow connection")
	fs.IntVar(&l.LinkQueueBytes, "link-queue-bytes", l.LinkQueueBytes, "most bytes that may wait for one other gateway")
	fs.IntVar(&l.APIRequestsPerSecond, "api-requests-per-second", l.APIRequestsPerSecond,
		"most requests a second of one key of the HTTP API, by its name; each message of a batch counts")
	fs.IntVar(&l.APIRequestBytes, "max-api-request-bytes", l.APIRequestBytes, "largest body of a request of the HTTP API, in bytes")
	fs.IntVar(&l.APIBatch, "max-api-batch", l.APIBatch, "most messages that one request of the HTTP API may publish")
}

func (r *Rate) bind(fs *pflag.FlagSet, of, usage string) {
	fs.IntVar(&r.PerSecond, "messages-per-second-per-"+of, r.PerSecond, "most publishes and typing requests a second "+usage+"; 0: no bound")
	fs.IntVar(&r.Burst, "message-burst-per-"+of, r.Burst, "most of them at once (default: as many as in a second)")
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
