// Package local runs gateways in this process, for the examples: what `starling up` does with processes and the operator with pods.
//
// It is on loopback addresses, lets clients name themselves, and makes a key of the HTTP API. It is no part of Starling.
package local
