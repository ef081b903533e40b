// Package ratelimit holds a token bucket of golang.org/x/time/rate for each of many keys, such as members, channels or addresses.
//
// # What it promises
//
//   - Over any time t no key is let through more often than burst + rate x t, while at most [Options.Most] keys are active.
//   - Memory is bounded: a key whose bucket is full again is forgotten, which nobody can notice, and over Most the key that was
//     idle for longest is, which is counted.
//   - A call that is let through, for a key that is known, allocates nothing.
//
// # What it does not do
//
// It has no clock and no goroutine: callers say what time it is, and forgetting is a part of other calls. It knows nothing of
// other gateways: each counts for itself.
package ratelimit
