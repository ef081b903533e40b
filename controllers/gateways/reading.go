package gateways

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	// FetchTimeout bounds the reading of one gateway.
	FetchTimeout = time.Second
	// maxStatusBytes is far more than the status of a gateway with the most peers.
	maxStatusBytes = 1 << 20
)

// A Reading is what a gateway answers to GET /status, as far as the operator cares. Channels and members are of the merged view of
// all gateways.
type Reading struct {
	Node        string `json:"node"`
	Boot        string `json:"boot"`
	Version     string `json:"version"`
	Ready       bool   `json:"ready"`
	Draining    bool   `json:"draining"`
	Connections int    `json:"connections"`
	Channels    int    `json:"channels"`
	Members     int    `json:"members"`
	Peers       []Peer `json:"peers"`
	// Drain is nil while the gateway does not drain, and of a release that does not tell.
	Drain *Drain `json:"drain"`
	// Rebalance is nil of a release that does not tell.
	Rebalance *Rebalance `json:"rebalance"`
}

// A Rebalance says whether a gateway sends clients to others that have fewer.
type Rebalance struct {
	// Policy is Even, or Off and then there is nothing else.
	Policy string `json:"policy"`
	// State is even, shedding, resting or stopped.
	State string `json:"state"`
	// Reason is why, in the gateway's words.
	Reason string `json:"reason"`
	// Excess is how many connections it has above the mean.
	Excess int `json:"excess"`
}

func (r *Reading) rebalance() string {
	if r.Rebalance == nil {
		return ""
	}
	return r.Rebalance.Policy + r.Rebalance.State
}

// A Drain is how far a gateway is in moving its clients away.
type Drain struct {
	// Phase is the gateway's own word for what it does.
	Phase   string `json:"phase"`
	AtStart int    `json:"atStart"`
	Forced  int    `json:"forced"`
}

func (r *Reading) phase() string {
	if r.Drain == nil {
		return ""
	}
	return r.Drain.Phase
}

// A Peer is another gateway as one sees it.
type Peer struct {
	Node string `json:"node"`
	Boot string `json:"boot"`
	// State is joining, live, leaving, orphaned or dead.
	State     string `json:"state"`
	LinkedIn  bool   `json:"linkedIn"`
	LinkedOut bool   `json:"linkedOut"`
	Entries   int    `json:"entries"`
}

// A Fetch reads the status of the gateway at an IP address.
type Fetch func(ctx context.Context, address string) (*Reading, error)

// NewFetch returns a [Fetch] over HTTP from the admin port. It follows no redirect and uses no proxy: a gateway has neither.
func NewFetch(port int) Fetch {
	client := &http.Client{
		Timeout:       FetchTimeout,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 1, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 16 << 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context, address string) (*Reading, error) {
		url := "http://" + net.JoinHostPort(address, strconv.Itoa(port)) + "/status"
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, fmt.Errorf("asking for the status: %w", err)
		}
		response, err := client.Do(request)
		if err != nil {
			return nil, fmt.Errorf("asking for the status: %w", err)
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("asking for the status: the answer is %s, must be 200", response.Status)
		}
		reading := new(Reading)
		if err := json.NewDecoder(io.LimitReader(response.Body, maxStatusBytes)).Decode(reading); err != nil {
			return nil, fmt.Errorf("reading the status: %w", err)
		}
		return reading, nil
	}
}
