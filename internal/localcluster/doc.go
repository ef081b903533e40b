// Package localcluster runs a RealtimeCluster on one machine: its gateways as processes on loopback, meshed, behind one local
// address. It is what `starling up` does.
//
// # What it promises
//
//   - [Run] returns only when no process and no file of it is left. If its own process is killed, the gateways notice and clean up.
//   - A gateway that dies is started again, sooner the longer it lived; one that cannot start ends the whole, with its last words.
//   - Every run has a fresh random cluster key, in a directory that only its user can read.
//
// # What it does not do
//
// It is for development and trials: it does not survive a reboot, spread over machines, or replace the operator.
package localcluster
