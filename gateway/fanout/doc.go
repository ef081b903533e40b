// Package fanout writes WebSocket frames to many sockets with few system calls and without ever waiting for a slow one.
//
// A [Pool] has a few writer shards. [Pool.Attach] gives a connection to one of them and returns a [Socket];
// [Socket.Enqueue] appends a complete frame to the socket's queue and returns at once. The shard takes the sockets that
// have something queued, puts the frames of each together and hands them to the kernel in one non-blocking write. A
// socket that the kernel refuses leaves the shard: a goroutine of its own waits for the kernel, until it has caught up
// and goes back. An idle socket has no goroutine, no timer and no buffer.
//
// # Promises
//
//   - The frames of one socket are written in the order in which Enqueue took them, each whole.
//   - Enqueue never blocks, so it may be called with locks held. A socket that does not read never delays another one.
//   - After a close frame nothing is written. OnClosed is called exactly once, after the connection is closed.
//   - A frame that was taken is either given to the kernel or counted as dropped, with a reason, and its socket closed.
//
// # Two ways to be behind
//
// A slow consumer is a socket that the kernel refuses, because the peer does not read: it is closed, see
// [ReasonSlow] and [ReasonOverflow]. When the server itself is behind, queues grow although the kernel would take more.
// Then no socket is closed; [Pool.Lagging] turns true, and publishers should call [Pool.AwaitRoom] before they go on.
// [Options.HardQueueBytes] protects the memory even then: see [ReasonOverrun].
//
// # The window
//
// A shard that wakes up may wait up to [Options.MaxWindow] for more frames, since 8 frames a write cost an eighth of the
// system calls of 1. It does so only when the last pass over its sockets was long, took a good part of the time, and found few
// frames a socket. While a shard is little loaded the window is zero: see window.go for the rules.
//
// # Few frames
//
// Waking a writer costs more than a few writes do. Who is about to queue frames for a handful of sockets calls [Pool.Cork] before
// and [Pool.Uncork] after it, and writes them itself, if no writer is at work.
//
// # What it does not do
//
// It does not encode or mask frames, does not read from connections (except to discard what arrives after a close), and
// sends no pings. Connections that are not plain TCP, such as TLS, are written by a goroutine on demand that blocks, with
// a deadline; one that missed it is closed without a close frame, because TLS cannot resume a write. Their queues hold no
// publisher back while a write is under way, since nobody can tell whose fault it is.
package fanout
