package tracing

import (
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
)

// Message describes what a span does with a publish, in the terms of OpenTelemetry's conventions for messaging: the operation's name and
// type ("send" or "process"), the channel, the message id and the payload's length in bytes.
func Message(operation, operationType, channel, mid string, bytes int) []attribute.KeyValue {
	return []attribute.KeyValue{
		semconv.MessagingSystemKey.String("starling"),
		semconv.MessagingOperationName(operation), semconv.MessagingOperationTypeKey.String(operationType),
		semconv.MessagingDestinationName(channel), semconv.MessagingMessageID(mid), semconv.MessagingMessageBodySize(bytes),
	}
}

// Deliveries is how many connections of the gateway an event was queued for.
func Deliveries(n int) attribute.KeyValue { return attribute.Int("starling.deliveries", n) }
