package hub

// A Hub holds channels, presence and typing, and delivers events. Make one with [New]; all methods are safe for
// concurrent use.
type Hub struct{}

// New returns a hub. Call Close when it is no longer needed.
func New(opts Options) *Hub { panic("todo") }

func (h *Hub) Close()                                                                     { panic("todo") }
func (h *Hub) Bind(conn Conn)                                                             { panic("todo") }
func (h *Hub) Join(channel, memberID string, conn Conn, opts JoinOptions) (JoinResult, error) { panic("todo") }
func (h *Hub) Leave(channel, memberID string, conn Conn) (LeaveResult, error)              { panic("todo") }
func (h *Hub) Disconnect(conn Conn)                                                       { panic("todo") }

// Publish delivers an event to all connections in the channel and forwards it to interested hubs. payload is encoded as JSON
// (json.RawMessage verbatim). It returns the number of local connections that took it.
func (h *Hub) Publish(channel, typ string, payload any, opts PublishOptions) (int, error) { panic("todo") }
func (h *Hub) Presence(channel string) []string                       { panic("todo") }
func (h *Hub) IsPresent(channel, memberID string) bool                { panic("todo") }
func (h *Hub) MemberCount(channel string) int                         { panic("todo") }
// ConnectionCount is of this hub only.
func (h *Hub) ConnectionCount(channel string) int                     { panic("todo") }
func (h *Hub) ChannelNames() []string                                 { panic("todo") }
func (h *Hub) SetTyping(channel, memberID string, typing bool, conn Conn) error { panic("todo") }
func (h *Hub) TypingMembers(channel string) []string                  { panic("todo") }
// Snapshot returns a channel's state now.
func (h *Hub) Snapshot(channel string) Snapshot                       { panic("todo") }
// Stats returns totals: cheap, for metrics.
func (h *Hub) Stats() Stats                                           { panic("todo") }

type Stats struct {
	Channels        int // live channels, merged view
	LocalChannels   int // channels with local connections
	Members         int // distinct present members over all channels, merged view
	PresenceEntries int // (channel, member, boot) triples, merged view
	LocalEntries    int // of these, this hub's own
	Connections     int // local connections in at least one channel
	DeliveryErrors  uint64 // events that a connection refused
}

func (h *Hub) ApplyRemote(boot Boot, d Delta) bool                    { panic("todo") }
func (h *Hub) ReplaceRemote(boot Boot, bucket int, state BucketState)  { panic("todo") }
func (h *Hub) DropRemote(boot Boot)                                   { panic("todo") }
func (h *Hub) ClearRemoteTyping(boot Boot)                            { panic("todo") }
// DeliverRemote delivers another hub's publish to local connections.
func (h *Hub) DeliverRemote(e *Event, opts PublishOptions) int        { panic("todo") }
func (h *Hub) RemoteDigest(boot Boot) Digest                          { panic("todo") }
// LocalBucket calls fn with this hub's own entries of a bucket while no channel of the bucket can change.
func (h *Hub) LocalBucket(bucket int, fn func(BucketState))           { panic("todo") }
// DeliverGap sends a gap event to the local connections of the channels; RemoteInterest lists those boot is interested in.
func (h *Hub) DeliverGap(gateway string, channels []string)           { panic("todo") }
// DeliverGapAll sends a gap event to every local connection, for each of its channels, that only selects (nil: all).
func (h *Hub) DeliverGapAll(gateway string, only func(channel string) bool) { panic("todo") }
