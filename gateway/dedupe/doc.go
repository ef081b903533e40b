// Package dedupe remembers the deduplication keys of recent publishes, so that a retry is told the message id of the first
// try instead of being published again.
//
// A [Cache] promises that for its TTL after a key was first seen every other use of it is told the first message id,
// unless more than its bound of keys came in between: then the oldest are forgotten early, and counted. A member who uses more than a share
// of the cache makes its own oldest keys be forgotten, and nobody else's.
//
// It keeps hashes of 128 bits with a random seed instead of the keys, so that an entry takes about 190 bytes however
// long its names are. It does not talk to other gateways: each one remembers what it accepts and what it is sent.
package dedupe
