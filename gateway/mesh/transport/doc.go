// Package transport is memberlist's network transport with a side door: TCP streams that begin with [LinkByte] are peer
// links and go to a handler, everything else goes to memberlist unchanged. Both share one address and port, with
// memberlist's UDP on the same number.
//
// # What it promises
//
//   - Memberlist sees each of its streams complete, first byte included.
//   - A stream that stays silent is closed after [Config.FirstByteTimeout]. Streams whose first byte has not come are
//     bounded; over the bound the one that has waited longest is closed, so silent strangers cannot keep peers out.
//   - [Transport.Shutdown] returns when every goroutine and handler of it has ended.
//   - Everything that it closes by itself is counted: see [Config.OnDrop].
//
// # What it does not do
//
// It authenticates nobody: memberlist's key and the links' TLS do. It dials links no differently than memberlist's streams.
package transport
