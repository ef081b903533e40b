// Package link carries one ordered stream of frames in one direction from one boot to another, in order, exactly once,
// across broken connections. Two gateways that talk both ways have two links.
//
// # How it works
//
// A [Sender] dials, writes [FirstByte], proves itself by mutual TLS, says hello and sends frames numbered from 1. It
// keeps every frame until the [Receiver] acknowledged it, which means that the receiver's [Handler] has applied it. When
// the connection breaks the sender dials again and resumes after the last frame that the receiver applied. A stream has a
// random id; when the receiver has no state for it although frames were sent, the sender throws the stream away, starts a
// new one and tells its owner, who must bring the receiver up to date from nothing.
//
// # What it promises
//
//   - [Handler.OnFrame] sees each frame of a stream exactly once and in order, whatever breaks. The one exception is the
//     handler's own: a frame for which it returned an error comes again.
//   - What did not arrive is never silent: [SenderEvents.OnReset] reports it on one side, [Handler.OnStream] on the other.
//   - [Sender.Enqueue] never blocks. Memory is bounded by two budgets; over them it returns [ErrOverBudget].
//   - A connection over which nothing came for [Timing.Silence] is torn down, in both directions.
//   - Releases whose version ranges overlap talk to each other; others refuse with an error that names both ranges.
//
// # What it does not do
//
// It knows nothing of memberlist, of presence and of publishes, routes nothing and relays nothing.
package link
