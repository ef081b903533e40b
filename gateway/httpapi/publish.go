package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/starling-realtime/starling/hub"
)

func publishOperations() []operation {
	return []operation{
		{"publish", http.MethodPost, "/v1/channels/{channel}/publish", (*API).publish},
		{"publishBatch", http.MethodPost, "/v1/publish", (*API).publishBatch},
	}
}

// MaxIdempotencyKeyBytes bounds the header Idempotency-Key.
const MaxIdempotencyKeyBytes = 128

// maxConnectionID bounds the id of a connection.
const maxConnectionID = 64

type publishRequest struct {
	Type             string          `json:"type"`
	Payload          json.RawMessage `json:"payload"`
	From             string          `json:"from"`
	ExceptConnection string          `json:"exceptConnection"`
	ExceptMember     string          `json:"exceptMember"`
}

func (a *API) publish(c *call) (any, error) {
	channel, err := c.pathName("channel", "channel")
	if err != nil {
		return nil, err
	}
	var body publishRequest
	if err := errors.Join(c.onlyParameters(), c.readKey(), c.decode(&body)); err != nil {
		return nil, err
	}
	m := Message{
		Channel: channel, Type: body.Type, Payload: body.Payload, From: body.From,
		ExceptConnection: body.ExceptConnection, ExceptMember: body.ExceptMember,
	}
	if err := c.check(m, ""); err != nil {
		return nil, err
	}
	results, err := a.opts.Backend.Publish(c.Context(), c.caller, []Message{m})
	if err != nil {
		return nil, err
	}
	return results[0], nil
}

type batchRequest struct {
	Messages []Message `json:"messages"`
}

type batchAnswer struct {
	Results []Published `json:"results"`
}

// publishBatch publishes all messages or, if one of them is wrong, none.
func (a *API) publishBatch(c *call) (any, error) {
	var body batchRequest
	if err := errors.Join(c.onlyParameters(), c.readKey(), c.decode(&body)); err != nil {
		return nil, err
	}
	if n, most := len(body.Messages), c.limits.BatchMessages; n < 1 || n > most {
		return nil, &Problem{
			Code: CodeBadRequest, Pointer: "/messages", Detail: fmt.Sprintf("messages has %d entries, want 1 to %d (--max-api-batch)", n, most),
		}
	}
	for i, m := range body.Messages {
		if err := hub.CheckName("channel", m.Channel); err != nil {
			return nil, &Problem{Code: CodeBadRequest, Pointer: fmt.Sprintf("/messages/%d/channel", i), Detail: err.Error()}
		}
		if err := c.check(m, fmt.Sprintf("/messages/%d", i)); err != nil {
			return nil, err
		}
	}
	if err := a.admit(c, len(body.Messages)-1); err != nil {
		return nil, err
	}
	results, err := a.opts.Backend.Publish(c.Context(), c.caller, body.Messages)
	if err != nil {
		return nil, err
	}
	return batchAnswer{results}, nil
}

// readKey reads the idempotency key.
func (c *call) readKey() error {
	values := c.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return nil
	}
	key := values[0]
	if len(values) > 1 || key == "" || len(key) > MaxIdempotencyKeyBytes || !isVisible(key) {
		return &Problem{
			Code: CodeBadRequest, Parameter: "Idempotency-Key",
			Detail: fmt.Sprintf("Idempotency-Key is given once, with 1 to %d characters of visible ASCII, such as a UUID", MaxIdempotencyKeyBytes),
		}
	}
	c.caller.IdempotencyKey = key
	return nil
}

func isVisible(s string) bool {
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// check says what is wrong with a message but for its channel; at is where it stands in the body.
func (c *call) check(m Message, at string) error {
	if err := c.checkEvent(m.Type, m.Payload, m.From, at); err != nil {
		return err
	}
	if m.ExceptMember != "" {
		if err := hub.CheckName("member id", m.ExceptMember); err != nil {
			return &Problem{Code: CodeBadRequest, Pointer: at + "/exceptMember", Detail: err.Error()}
		}
	}
	if len(m.ExceptConnection) > maxConnectionID {
		return &Problem{
			Code: CodeBadRequest, Pointer: at + "/exceptConnection",
			Detail: fmt.Sprintf("a connection's id has at most %d bytes: it is connId of the welcome", maxConnectionID),
		}
	}
	return nil
}

// checkEvent says what is wrong with an event.
func (c *call) checkEvent(typ string, payload json.RawMessage, from, at string) error {
	if err := hub.CheckEventType(typ); err != nil {
		code := CodeBadRequest
		if errors.Is(err, hub.ErrReservedType) {
			code = CodeReservedType
		}
		return &Problem{Code: code, Pointer: at + "/type", Detail: err.Error()}
	}
	if n, most := len(payload), c.limits.PayloadBytes; n > most {
		return &Problem{
			Code: CodeTooLarge, Pointer: at + "/payload",
			Detail: fmt.Sprintf("the payload has %d bytes, want at most %d (--max-message-bytes)", n, most),
		}
	}
	if from != "" {
		if err := hub.CheckName("member id", from); err != nil {
			return &Problem{Code: CodeBadRequest, Pointer: at + "/from", Detail: err.Error()}
		}
	}
	return nil
}
