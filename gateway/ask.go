package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/starling-realtime/starling/gateway/httpapi"
)

// The kinds of questions that gateways ask each other. Kinds and what their bodies mean are part of the mesh's wire format: adjacent
// releases must understand each other, so bodies are JSON whose unknown fields are ignored.
const (
	askConnections = "channels.connections"
	askMember      = "member.connections"
	askDisconnect  = "member.disconnect"
	askSend        = "member.send"
)

// askTimeout bounds the wait for other gateways.
const askTimeout = 3 * time.Second

// errUnknownQuestion answers a kind of question that there is not.
var errUnknownQuestion = errors.New("this gateway does not know this kind of question")

// answers are the questions that this gateway answers, by kind.
func (g *Gateway) answers() map[string]func(ctx context.Context, from string, body []byte) ([]byte, error) {
	return map[string]func(ctx context.Context, from string, body []byte) ([]byte, error){
		askConnections: g.answerConnections,
		askMember:      g.answerMember,
		askDisconnect:  g.answerDisconnect,
		askSend:        g.answerSend,
		askOverview:    g.answerOverview,
		askDrain:       g.answerDrain,
	}
}

// ask puts a question to every gateway of the cluster, this one among them, whose reply comes first. A gateway that is alone asks
// itself.
func (g *Gateway) ask(ctx context.Context, kind string, body []byte) ([]Reply, error) {
	own := Reply{Node: g.node, Err: errUnknownQuestion}
	if answer := g.answers()[kind]; answer != nil {
		own.Body, own.Err = answer(ctx, g.node, body)
	}
	if g.cluster == nil {
		return []Reply{own}, nil
	}
	others, err := g.cluster.Ask(ctx, kind, body)
	if err != nil {
		return nil, err
	}
	return append([]Reply{own}, others...), nil
}

// askEach is ask with JSON: take is called with the answer of each gateway that has one, one at a time. The others are returned.
func askEach[Q, A any](
	ctx context.Context, g *Gateway, kind string, question Q, take func(node string, answer A),
) ([]httpapi.Missing, error) {
	body, err := json.Marshal(question)
	if err != nil {
		return nil, fmt.Errorf("encoding the question %q: %w", kind, err)
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	replies, err := g.ask(ctx, kind, body)
	if err != nil {
		return nil, err
	}
	var missing []httpapi.Missing
	for _, r := range replies {
		var answer A
		if r.Err == nil {
			r.Err = json.Unmarshal(r.Body, &answer)
		}
		if r.Err != nil {
			missing = append(missing, httpapi.Missing{Gateway: r.Node, Reason: r.Err.Error()})
			continue
		}
		take(r.Node, answer)
	}
	return missing, nil
}
