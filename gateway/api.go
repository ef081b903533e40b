package gateway

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/starling-realtime/starling/gateway/apikey"
	"github.com/starling-realtime/starling/gateway/httpapi"
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

// Publish implements [httpapi.Backend]. It waits and numbers as the publish of a connection does.
func (b apiBackend) Publish(ctx context.Context, caller httpapi.Caller, messages []httpapi.Message) ([]httpapi.Published, error) {
	begin := time.Now()
	results := make([]httpapi.Published, len(messages))
	for i, m := range messages {
		b.apiPace.await(b.Gateway, caller.Key, len(m.Payload)+frameOverhead)
		b.awaitRoom()
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("publishing message %d of %d: %w", i+1, len(messages), err)
		}
		opts := hub.PublishOptions{
			From: m.From, MID: b.ids.next(), ExceptConnID: m.ExceptConnection, ExceptMemberID: m.ExceptMember,
			Key: dedupeKey(caller, "publish", i),
		}
		duplicate := false
		if opts.Key != "" {
			if opts.MID, duplicate = b.keys.Remember(m.From, m.Channel, opts.Key, opts.MID); duplicate {
				b.metrics.duplicates.Inc()
			}
		}
		if !duplicate {
			b.pool.Cork()
			_, err := b.hub.Publish(m.Channel, m.Type, payloadOf(m.Payload), opts)
			b.pool.Uncork()
			if err != nil {
				return nil, fmt.Errorf("publishing message %d of %d: %w", i+1, len(messages), err)
			}
		}
		results[i] = httpapi.Published{Channel: m.Channel, MID: opts.MID, Duplicate: duplicate}
	}
	b.metrics.publish.Observe(time.Since(begin).Seconds())
	return results, nil
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
