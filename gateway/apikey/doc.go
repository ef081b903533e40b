// Package apikey knows who may use the HTTP API: keys with names, read from files and compared by their hashes.
//
// A [Store] reads its files again while it runs, so that keys are replaced without a restart. In memory it has SHA-256 hashes only: keys
// are long and random, so no slow hash is needed. Every check looks at every key in constant time. Errors, logs and metrics name keys and
// lines, never a part of a key.
//
// It knows nothing of HTTP and of what a key's holder may do.
package apikey
