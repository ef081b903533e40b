package localcluster

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	readyInterval = 200 * time.Millisecond
	pollTimeout   = 2 * time.Second
	// statusEvery is how many readiness polls there are to one of the status, which costs the gateway more.
	statusEvery = 5
	// maxMisses is how many polls in a row may go unanswered before a gateway counts as not ready: this machine may be busy.
	maxMisses = 3
	// maxStatusBytes bounds a status.
	maxStatusBytes = 1 << 20
)

// A status is what this package uses of a gateway's /status.
type status struct {
	// Reason says why the gateway is not ready.
	Reason      string `json:"reason"`
	Draining    bool   `json:"draining"`
	Connections int    `json:"connections"`
	Members     int    `json:"members"`
	Peers       []struct {
		LinkedIn  bool `json:"linkedIn"`
		LinkedOut bool `json:"linkedOut"`
	} `json:"peers"`
}

func (s status) linkedPeers() int {
	n := 0
	for _, peer := range s.Peers {
		if peer.LinkedIn && peer.LinkedOut {
			n++
		}
	}
	return n
}

// An adminClient asks gateways how they are. It is safe for concurrent use.
type adminClient struct{ http *http.Client }

func newAdminClient() adminClient {
	dialer := &net.Dialer{Timeout: pollTimeout}
	// No proxy: the gateways are on this machine, whatever the environment says.
	return adminClient{&http.Client{Timeout: pollTimeout, Transport: &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 1}}}
}

func (c adminClient) close() { c.http.CloseIdleConnections() }

// ready says whether the gateway takes clients. An error means that it did not answer.
func (c adminClient) ready(ctx context.Context, address string) (bool, error) {
	response, err := c.get(ctx, address, "/readyz")
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, maxStatusBytes))
	return response.StatusCode == http.StatusOK, err
}

func (c adminClient) status(ctx context.Context, address string) (status, error) {
	response, err := c.get(ctx, address, "/status")
	if err != nil {
		return status{}, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return status{}, fmt.Errorf("/status answered %s", response.Status)
	}
	var s status
	err = json.NewDecoder(io.LimitReader(response.Body, maxStatusBytes)).Decode(&s)
	return s, err
}

func (c adminClient) get(ctx context.Context, address, path string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return nil, err
	}
	return c.http.Do(request)
}
