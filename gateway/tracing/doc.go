// Package tracing makes OpenTelemetry traces of what a gateway does for some clients, and sends them by OTLP.
//
// A nil [*Tracer] is tracing that is off, and a nil [*Span] is something that is not sampled: all their methods do nothing, so that
// callers need to ask only before they collect attributes.
//
// # What it promises
//
//   - Off, it costs a comparison. On, what is not sampled costs a random number and allocates nothing.
//   - It never blocks whoever makes a span: spans wait in a bounded queue, and those that find no room, or cannot be sent, are dropped,
//     counted, and logged once in a while.
//   - Whatever clients ask for, no more than [Config.MaxPerSecond] traces begin in a second; a trace that other gateways have begun is
//     continued without a bound of its own.
//   - [Tracer.Shutdown] sends what waits, and returns when its context ends.
//
// # What it does not do
//
// It sets none of OpenTelemetry's globals. It does not know what a span should say: no caller may put tokens, keys or payloads there.
//
// It speaks OTLP over HTTP only: every receiver does (Tempo, Jaeger, the OpenTelemetry Collector, at port 4318), and it passes through
// HTTP proxies. OpenTelemetry's exporter links part of gRPC all the same, with the package of OTLP's messages.
package tracing
