package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/starling-realtime/starling/gateway/overview"
)

// askOverview is the kind of the question what a gateway looks like. Its body is an overviewQuestion, the answer an [overview.Gateway].
const askOverview = "overview"

// overviewWait is how long the other gateways have to answer a person who looks.
const overviewWait = 2 * time.Second

type overviewQuestion struct {
	// Since leaves out the steps of the history up to a time in Unix seconds.
	Since int64 `json:"since"`
}

// answerOverview answers [askOverview].
func (g *Gateway) answerOverview(_ context.Context, _ string, body []byte) ([]byte, error) {
	var q overviewQuestion
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, fmt.Errorf("reading the question: %w", err)
	}
	return json.Marshal(g.describe(q.Since))
}

// overview returns the cluster as this gateway can find out, in no more than [overviewWait].
func (g *Gateway) overview(ctx context.Context, since int64) (*overview.Overview, error) {
	ctx, cancel := context.WithTimeout(ctx, overviewWait)
	defer cancel()
	question, err := json.Marshal(overviewQuestion{Since: since})
	if err != nil {
		return nil, fmt.Errorf("asking the gateways what they look like: %w", err)
	}
	replies, err := g.ask(ctx, askOverview, question)
	if err != nil {
		return nil, err
	}
	o := &overview.Overview{Cluster: g.cfg.Cluster, Answered: g.node, At: time.Now().UTC(), Actions: g.cfg.UIActions}
	for _, r := range replies {
		var one overview.Gateway
		if r.Err == nil {
			r.Err = json.Unmarshal(r.Body, &one)
		}
		if r.Err != nil {
			o.Missing = append(o.Missing, overview.Missing{Node: r.Node, Reason: whyNoAnswer(r.Err)})
			continue
		}
		o.Gateways = append(o.Gateways, one)
	}
	o.Complete()
	return o, nil
}

// whyNoAnswer says to people why a gateway did not answer.
func whyNoAnswer(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %g s", overviewWait.Seconds())
	}
	return err.Error()
}
