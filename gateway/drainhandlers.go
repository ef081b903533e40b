package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/starling-realtime/starling/hub"
)

// defaultLease is how long a drain that was asked for stays unless it is renewed: whoever asked may have forgotten it.
const defaultLease = 10 * time.Minute

// Bounds of a request for a drain.
const (
	mostWindowSeconds = 3600
	mostLeaseSeconds  = 86_400
	mostAdminBody     = 4 << 10
)

// drainBody is the body of POST /drain, which may be absent, and so may its fields.
type drainBody struct {
	Reason        *string `json:"reason"`
	WindowSeconds *int    `json:"windowSeconds"`
	LeaseSeconds  *int    `json:"leaseSeconds"`
}

// drainAnswer is what POST answers: whether the drain began now, or went on already, and how far it is.
type drainAnswer struct {
	Began bool `json:"began"`
	DrainStatus
}

func (g *Gateway) getDrain(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, g.DrainStatus())
}

func (g *Gateway) postDrain(w http.ResponseWriter, r *http.Request) {
	req, err := parseDrain(http.MaxBytesReader(w, r.Body, mostAdminBody))
	if err != nil {
		http.Error(w, `want no body, or {"reason": "text", "windowSeconds": 30, "leaseSeconds": 600} or some of these: `+err.Error(),
			http.StatusBadRequest)
		return
	}
	answer := drainAnswer{Began: g.StartDrain(req)} //nolint:contextcheck // the drain outlives the request
	answer.DrainStatus = g.DrainStatus()
	status := http.StatusOK
	if answer.Began {
		status = http.StatusAccepted
	}
	writeJSON(w, status, answer)
}

// parseDrain reads the body of POST /drain.
func parseDrain(body io.Reader) (DrainRequest, error) {
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	var in drainBody
	if err := decoder.Decode(&in); err != nil && !errors.Is(err, io.EOF) {
		return DrainRequest{}, errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return DrainRequest{}, errors.New("something follows the object")
	}
	req := DrainRequest{Reason: "requested on the admin port", Lease: defaultLease}
	if in.Reason != nil {
		if err := hub.CheckName("reason", *in.Reason); err != nil {
			return DrainRequest{}, err
		}
		req.Reason = *in.Reason
	}
	errs := []error{
		setSeconds(&req.Window, "windowSeconds", in.WindowSeconds, mostWindowSeconds),
		setSeconds(&req.Lease, "leaseSeconds", in.LeaseSeconds, mostLeaseSeconds),
	}
	return req, errors.Join(errs...)
}

func setSeconds(to *time.Duration, field string, seconds *int, most int) error {
	if seconds == nil {
		return nil
	}
	if *seconds < 1 || *seconds > most {
		return fmt.Errorf("%s is %d, want 1 to %d", field, *seconds, most)
	}
	*to = time.Duration(*seconds) * time.Second
	return nil
}

func (g *Gateway) deleteDrain(w http.ResponseWriter, _ *http.Request) {
	if err := g.CancelDrain(); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	writeJSON(w, http.StatusOK, g.DrainStatus())
}
