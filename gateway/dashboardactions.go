package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/starling-realtime/starling/hub"
)

// askDrain is the kind of the question to begin or to cancel a drain. Its body is a drainQuestion, the answer a drainAnswered.
const askDrain = "gateway.drain"

// dashboardReason is what clients and logs are told of a change that a person made on the dashboard.
const dashboardReason = "asked for on the dashboard"

// A drainQuestion names one gateway by its boot; the others do nothing.
type drainQuestion struct {
	Boot   string `json:"boot"`
	Cancel bool   `json:"cancel"`
}

type drainAnswered struct {
	Done  bool   `json:"done"`
	Error string `json:"error,omitempty"`
}

// dashboardActions adds what the dashboard may change, where --ui-actions allows it.
func (g *Gateway) dashboardActions(mux *http.ServeMux) {
	// A page elsewhere must not change anything through the browser of somebody who may.
	sameOrigin := http.NewCrossOriginProtection()
	change := func(pattern string, handler http.HandlerFunc) {
		mux.Handle(pattern, g.onlyViewers(func(w http.ResponseWriter, r *http.Request) {
			switch err := sameOrigin.Check(r); {
			case !g.cfg.UIActions:
				refuseView(w, http.StatusForbidden, "this gateway was started without --ui-actions: the dashboard changes nothing")
			case err != nil:
				refuseView(w, http.StatusForbidden, "this request comes from a page of another origin")
			default:
				handler(w, r)
			}
		}))
	}
	change("POST /ui/api/drain", g.postUIDrain)
	change("POST /ui/api/disconnect", g.postUIDisconnect)
}

// postUIDrain begins or cancels a drain of any gateway of the cluster.
func (g *Gateway) postUIDrain(w http.ResponseWriter, r *http.Request) {
	var q drainQuestion
	if err := readAction(w, r, &q); err != nil || q.Boot == "" {
		refuseView(w, http.StatusBadRequest, `want {"boot": "the gateway's", "cancel": false}`)
		return
	}
	var answer drainAnswered
	missing, err := askEach(r.Context(), g, askDrain, q, func(_ string, a drainAnswered) {
		if a.Done || a.Error != "" {
			answer = a
		}
	})
	switch {
	case err != nil:
		refuseView(w, http.StatusServiceUnavailable, err.Error())
	case answer.Done:
		g.logger.Info("drain changed from the dashboard", "boot", q.Boot, "cancel", q.Cancel)
		writeJSON(w, http.StatusOK, answer)
	case answer.Error != "":
		refuseView(w, http.StatusConflict, answer.Error)
	case len(missing) > 0:
		refuseView(w, http.StatusServiceUnavailable, fmt.Sprintf("%s did not answer: %s", missing[0].Gateway, missing[0].Reason))
	default:
		refuseView(w, http.StatusNotFound, "no gateway of this cluster has boot "+q.Boot)
	}
}

// answerDrain answers [askDrain]. A drain that a person began cancels itself unless it is renewed, as that of POST /drain does.
func (g *Gateway) answerDrain(_ context.Context, _ string, body []byte) ([]byte, error) {
	var q drainQuestion
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, fmt.Errorf("reading the question: %w", err)
	}
	var answer drainAnswered
	switch {
	case q.Boot != g.boot.String():
	case q.Cancel:
		if err := g.CancelDrain(); err != nil {
			answer.Error = err.Error()
		} else {
			answer.Done = true
		}
	default:
		g.StartDrain(DrainRequest{Reason: dashboardReason, Lease: defaultLease}) //nolint:contextcheck // the drain outlives the question
		answer.Done = true
	}
	return json.Marshal(answer)
}

// postUIDisconnect ends a member's connections on all gateways.
func (g *Gateway) postUIDisconnect(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Member string `json:"member"`
	}
	err := readAction(w, r, &body)
	if err == nil {
		err = hub.CheckName("member id", body.Member)
	}
	if err != nil {
		refuseView(w, http.StatusBadRequest, `want {"member": "the member's id"}: `+err.Error())
		return
	}
	done, err := apiBackend{g}.Disconnect(r.Context(), body.Member, dashboardReason)
	if err != nil {
		refuseView(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	g.logger.Info("member disconnected from the dashboard", "member", body.Member, "connections", done.Disconnected)
	writeJSON(w, http.StatusOK, done)
}

// readAction reads a small JSON body.
func readAction(w http.ResponseWriter, r *http.Request, into any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostAdminBody))
	if err := decoder.Decode(into); err != nil {
		return errors.New("the body is no such JSON")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more follows the JSON")
	}
	return nil
}
