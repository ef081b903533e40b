// Package hub is Starling's channel hub: named channels, reference-counted presence, typing indicators and scoped
// publish, with the semantics of StreetJS's ChannelHub. It has no sockets, no network and no Kubernetes: a
// [Conn] is anything that can take an [Event] without blocking.
//
// # On its own
//
// A [Hub] made with the zero [Options] is complete: join connections, publish, and every connection in the channel
// gets the event. All methods are safe for concurrent use. Callbacks ([Conn] methods, [JoinOptions.Snapshot] and
// [Replicator] methods) run while a channel's lock is held, so they must be quick and must not call the hub.
//
// # In a cluster
//
// The hub holds the merged view of all gateways. Local changes go to a [Replicator] in the order in which they
// happened; other hubs' changes come in through [Hub.ApplyRemote], [Hub.ReplaceRemote] and [Hub.DropRemote], each
// hub named by a [Boot]. Presence is the union over boots, and presence events fire on transitions of the union.
//
// # What it promises
//
//   - The snapshot that a joiner gets and the events that follow it meet exactly: none is missing, none comes twice.
//   - A member is present while a connection of it is in the channel, or within [Options.Grace] of such a connection
//     vanishing. A connection that comes back inside the grace is never seen to leave.
//   - Events published by one goroutine reach each connection in the order of publishing.
//   - A slow or failing connection never delays another: Deliver must not block.
//
// # What it does not do
//
// It keeps no history, authorizes nobody and knows no wire format; see the gateway packages for those.
package hub
