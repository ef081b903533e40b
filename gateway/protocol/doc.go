// Package protocol is the wire format starling.v1: it parses the frames that clients send and encodes the frames that the
// server sends, each into one complete, unmasked WebSocket frame that can be written as it is.
//
// # What it promises
//
//   - [ParseRequest] accepts exactly the requests of docs/protocol.md. Whatever it refuses gets an [Error] that says what
//     was wrong and what would be right, and that carries the request's id when it could be read.
//   - Payloads are forwarded verbatim: they are checked to be JSON in UTF-8, and never encoded again.
//   - An event is encoded once, however many connections receive it: see [EventFrame].
//
// # What it does not do
//
// It holds no state, reads and writes no socket, and knows neither who a client is nor what it may do. Reading frames off
// the wire (masking, fragments, control frames) is the WebSocket library's work.
package protocol
