package gateway

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/starling-realtime/starling/gateway/apikey"
	"github.com/starling-realtime/starling/gateway/dedupe"
	"github.com/starling-realtime/starling/gateway/httpapi"
	"github.com/starling-realtime/starling/gateway/tracing"
	"github.com/starling-realtime/starling/hub"
)

// openAPIKeys reads the keys of the HTTP API; nil: there are none.
func openAPIKeys(c Config, logger *slog.Logger) (*apikey.Store, error) {
	if len(c.APIKeysFiles) == 0 {
		return nil, nil //nolint:nilnil // no keys are no error: the API is off
	}
	store, err := apikey.Open(c.APIKeysFiles, logger)
	if err != nil {
		return nil, fmt.Errorf("--api-keys-file: %w", err)
	}
	return store, nil
}

func (g *Gateway) newAPI() *httpapi.API {
	limits := g.cfg.Limits
	opts := httpapi.Options{
		Backend: apiBackend{g}, Logger: g.logger, ClientLogger: g.clientLog, Registerer: g.registry,
		Limits: httpapi.Limits{
			RequestBytes: limits.APIRequestBytes, PayloadBytes: limits.MessageBytes, BatchMessages: limits.APIBatch,
			RequestsPerSecond: limits.APIRequestsPerSecond,
		},
	}
	if g.apiKeys != nil {
		opts.CheckKey = g.apiKeys.Check
	}
	return httpapi.New(opts)
}

// apiBackend is the gateway as the HTTP API wants it.
type apiBackend struct{ *Gateway }

var _ httpapi.Backend = apiBackend{}

// Refuses implements [httpapi.Backend].
func (b apiBackend) Refuses() *httpapi.Problem {
	var refused *refusal
	if !b.ready.reached.Load() {
		refused = unavailable("starting", "this gateway is starting: try again", time.Second)
	} else if refused = b.refuseWhileDraining(); refused == nil {
		return nil
	}
	problem := httpapi.Problemf(httpapi.CodeUnavailable, "%s", refused.message)
	problem.RetryAfter = refused.retryAfter
	return problem
}

// Publish implements [httpapi.Backend]. It waits and numbers as the publish of a connection does. A batch waits no longer than one message
// may: what comes next from the key waits for it.
func (b apiBackend) Publish(ctx context.Context, caller httpapi.Caller, messages []httpapi.Message) ([]httpapi.Published, error) {
	begin, traceID := time.Now(), ""
	keys, err := b.publishKeys(caller, messages)
	if err != nil {
		return nil, err
	}
	results := make([]httpapi.Published, len(messages))
	for i, m := range messages {
		p := apiPublish{Message: m, key: keys[i], alone: len(messages) == 1, span: b.traceAPIPublish(ctx, caller, m)}
		wait := b.apiPace.wait(b.Gateway, caller.Key, len(m.Payload)+frameOverhead)
		if time.Since(begin) < mostWait {
			b.pace(wait)
			b.awaitRoom()
		}
		results[i], err = b.publishOne(ctx, p)
		if p.span != nil {
			traceID = p.span.TraceID()
			p.span.End()
		}
		if err != nil {
			return nil, fmt.Errorf("publishing message %d of %d: %w", i+1, len(messages), err)
		}
	}
	tracing.Observe(b.metrics.publish, time.Since(begin).Seconds(), traceID)
	return results, nil
}

// An apiPublish is one message of a request on its way.
type apiPublish struct {
	httpapi.Message
	key   string
	alone bool
	span  *tracing.Span // nil: it is not traced
}

// publishOne publishes one message, once the waits are over.
func (b apiBackend) publishOne(ctx context.Context, p apiPublish) (httpapi.Published, error) {
	if err := ctx.Err(); err != nil {
		p.span.Refuse("canceled", false)
		return httpapi.Published{}, err
	}
	opts := hub.PublishOptions{
		From: p.From, MID: b.ids.next(), ExceptConnID: p.ExceptConnection, ExceptMemberID: p.ExceptMember, Key: p.key, Trace: p.span.Trace(),
	}
	duplicate := false
	if opts.Key != "" {
		if opts.MID, duplicate = b.keys.Remember(p.From, p.Channel, opts.Key, opts.MID); duplicate {
			b.metrics.duplicates.Inc()
		}
		if duplicate && b.keys.Conflicts(p.From, p.Channel, opts.Key) { // a request with another body came at the same time
			p.span.Refuse(string(httpapi.CodeKeyReused), false)
			return httpapi.Published{}, keyReused("what was sent")
		}
	}
	if p.span != nil {
		publishAdmitted(p.span, p.Channel, opts.MID, len(p.Payload))
	}
	delivered := 0
	if !duplicate {
		var err error
		if delivered, err = b.publish(p.Message, opts, p.alone); err != nil {
			p.span.Refuse("internal", true)
			return httpapi.Published{}, err
		}
	}
	if p.span != nil {
		publishDone(p.span, p.Type, delivered, duplicate)
	}
	return httpapi.Published{Channel: p.Channel, MID: opts.MID, Duplicate: duplicate}, nil
}

// publishKeys returns the keys of messages, and refuses all of them if the caller has used one for another message.
func (b apiBackend) publishKeys(caller httpapi.Caller, messages []httpapi.Message) ([]string, error) {
	keys := make([]string, len(messages))
	if caller.IdempotencyKey == "" {
		return keys, nil
	}
	for i, m := range messages {
		keys[i] = dedupe.WithBody(dedupeKey(caller, "publish", i), m.Type, canonical(m.Payload), m.ExceptConnection, m.ExceptMember)
		if b.keys.Conflicts(m.From, m.Channel, keys[i]) {
			return nil, keyReused(fmt.Sprintf("message %d of %d", i+1, len(messages)))
		}
	}
	return keys, nil
}

// keyReused refuses a request that is no repetition: to answer it as one would lose what it says.
func keyReused(what string) *httpapi.Problem {
	problem := httpapi.Problemf(httpapi.CodeKeyReused,
		"%s differs from what was sent with this key before: repeat a request as it was, or take a new key", what)
	problem.Parameter = "Idempotency-Key"
	return problem
}

// canonical is a payload without what some encoders write differently each time. It was checked to be JSON.
func canonical(payload json.RawMessage) string {
	var compact bytes.Buffer
	_ = json.Compact(&compact, payloadOf(payload))
	return compact.String()
}

// publish gives one message to the hub. What one alone needs few writes for is written here; of several the pool's writers may put some
// together.
func (b apiBackend) publish(m httpapi.Message, opts hub.PublishOptions, alone bool) (delivered int, err error) {
	if alone {
		b.pool.Cork()
		defer b.pool.Uncork()
	}
	return b.hub.Publish(m.Channel, m.Type, payloadOf(m.Payload), opts)
}

func payloadOf(payload json.RawMessage) json.RawMessage {
	if len(payload) == 0 {
		return json.RawMessage("null")
	}
	return payload
}

// dedupeKey is the key under which a request's retries are known, on every gateway; empty: none. It is longer than the keys of members,
// which can therefore never be the same, and does not show the caller's.
func dedupeKey(caller httpapi.Caller, operation string, index int) string {
	if caller.IdempotencyKey == "" {
		return ""
	}
	text := caller.Key + "\n" + operation + "\n" + strconv.Itoa(index) + "\n" + caller.IdempotencyKey
	hash := sha512.Sum512([]byte(text))
	return "api:" + hex.EncodeToString(hash[:])
}
