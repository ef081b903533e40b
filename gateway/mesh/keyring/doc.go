// Package keyring turns the keys of a cluster into everything that proves membership in it: memberlist's encryption
// keys, mutual TLS for peer links and the admin bearer token; and it changes them without a restart.
//
// # Derivation
//
// A [Key] is 32 random bytes shared by all gateways of a cluster. It is never used itself: HKDF-SHA256 derives from it,
// with distinct info strings, a memberlist key, the seed of an Ed25519 certificate authority and the admin token. Each
// boot issues itself a short leaf certificate from each key's authority, with one URI SAN
// starling://<cluster>/<boot>.
//
// # What it promises
//
//   - A TLS connection that completes under [Keyring.ServerConfig] or [Keyring.ClientConfig] has proved, both ways, the
//     possession of one of the cluster's keys, the same cluster name, and to a client the boot that it expected.
//     [PeerBoot] tells a server which boot it talks to. It completes whenever both sides hold a key in common.
//   - A [Follower] follows a key file: a key that is new in it is accepted at once, becomes primary once every gateway has
//     had the time to learn it, and one that left it is dropped later. See [Delays] and [Keyring.List].
//   - Keys and tokens appear in no error and in no formatted value.
//
// # What it does not do
//
// It closes no connection: one that was made with a key that was since dropped lives on until its owner, told by
// [Keyring.Changed], finds with the configuration's VerifyConnection that it is good no more.
// It cannot tell two boots with the same number apart.
package keyring
