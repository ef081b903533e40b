// Package overview is what gateways say about themselves and each other to people: on the dashboard, in `starling status` and in
// `kubectl starling status`. It holds the shapes of those answers, which are JSON, and what has to be worked out from them.
//
// # What it promises
//
//   - A [Gateway] reads what GET /status answers, and an [Overview] what GET /ui/api/overview does.
//   - Numbers say what they are of: figures of one gateway add up, those of the merged view (channels, members) do not.
//   - A gateway that did not answer is named, with the reason, and never left out in silence.
//
// # What it does not do
//
// It asks nobody and serves nothing: package gateway does. It imports nothing of ours, so that programs without a gateway in them
// can use it.
package overview
