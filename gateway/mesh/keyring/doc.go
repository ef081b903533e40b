// Package keyring turns the keys of a cluster into everything that proves membership in it: memberlist's encryption
// keys, mutual TLS for peer links and the admin bearer token.
//
// # Derivation
//
// A [Key] is 32 random bytes shared by all gateways of a cluster. It is never used itself: HKDF-SHA256 derives from it,
// with distinct info strings, a memberlist key, the seed of an Ed25519 certificate authority and the admin token. Each
// boot issues itself a short leaf certificate from the primary key's authority, with one URI SAN
// starling://<cluster>/<boot>.
//
// # What it promises
//
//   - A TLS connection that completes under [Keyring.ServerConfig] or [Keyring.ClientConfig] has proved, both ways, the
//     possession of one of the cluster's keys, the same cluster name, and to a client the boot that it expected.
//     [PeerBoot] tells a server which boot it talks to.
//   - [Keyring.Set] replaces the keys at once for all later handshakes, also of configurations handed out before.
//   - Keys and tokens appear in no error and in no formatted value.
//
// # What it does not do
//
// It watches no file and closes no connection: one that was made with a key that was since dropped lives on until its
// owner closes it. It cannot tell two boots with the same number apart.
package keyring
