package gateway

import (
	"context"
	"errors"
)

// errUnknownQuestion answers a kind of question that there is not.
var errUnknownQuestion = errors.New("this gateway does not know this kind of question")

// answers are the questions that gateways ask each other, by kind. A kind and what its bodies mean are part of the mesh's wire format:
// adjacent releases must understand each other, so bodies are JSON whose unknown fields are ignored.
func (g *Gateway) answers() map[string]func(ctx context.Context, from string, body []byte) ([]byte, error) {
	return map[string]func(ctx context.Context, from string, body []byte) ([]byte, error){
		askOverview: g.answerOverview,
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
