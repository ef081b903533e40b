// Package mesh joins the hubs of several gateways into one: memberlist says who is there, ordered peer links carry what
// they do.
//
// # How it works
//
// Memberlist (SWIM over UDP) finds peers, detects failures and carries a digest of a few bytes a gateway. Data never
// travels over gossip: for each peer there is one link in each direction, on the same port ([link], [transport]).
//
// Presence is a log with a single writer. Each boot owns the entries of its own connections and sends its changes, and only
// those, in order; a receiver applies them to its hub ([hub.Hub.ApplyRemote]). A peer that is new, or whose link lost its
// state, gets the boot's entries bucket by bucket, each exactly in step with the changes before and after it; every few
// seconds a checkpoint proves that both sides hold the same. Interest in channels is replicated in the same log and routes
// publishes.
//
// # What it promises
//
//   - A publish reaches every connection of every gateway whose interest the origin has applied, once and in the order of
//     the publishing connection. Where a fault makes that impossible, the connections get a gap event.
//   - [Mesh.AwaitInterest] tells a joining connection from when on that is so.
//   - [Mesh.Ask] puts a question to other gateways, in order with publishes, and returns an answer or an error of each.
//   - A boot that vanished keeps its members present for [Config.NodeGrace] since it was last heard, one that said goodbye
//     for [Config.DisconnectGrace]. Inside that time it resumes where it was.
//   - Bounds: each link has a budget for publishes and one for state. Over the first, publishers pause for a second at
//     most; then publishes to that peer are dropped, counted and reported as gaps. Over the second, the peer is brought
//     back in step from a snapshot.
//
// # What it does not do
//
// It relays nothing: two gateways that a third can see, but that cannot see each other, show as orphans, gaps and a metric.
// It keeps nothing on disk, and decides nothing for the cluster: there is no leader and no quorum.
package mesh
