package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/starling-realtime/starling/gateway/sleep"
)

const (
	// jwksRefresh is how often a JWK Set is fetched.
	jwksRefresh = 5 * time.Minute
	// jwksGap is the least time between two fetches, whatever tokens ask for.
	jwksGap = 5 * time.Second
	// jwksRetry and jwksMaxRetry are the first and the longest pause after a failure.
	jwksRetry, jwksMaxRetry = time.Second, time.Minute
	// jwksTimeout bounds one fetch.
	jwksTimeout = 10 * time.Second
	// jwksWait bounds how long a token waits for a fetch.
	jwksWait = time.Second
	// maxJWKSBytes bounds the answer.
	maxJWKSBytes = 512 << 10
)

// jwks is the keys of a URL. An outage of the server keeps the last ones.
type jwks struct {
	address string
	client  *http.Client
	logger  *slog.Logger
	poke    chan struct{} // of 1: somebody needs a fetch

	mu       sync.Mutex
	keys     KeySet
	begun    time.Time     // of the last fetch
	loaded   time.Time     // of the last fetch that worked
	failures uint64        // since the beginning
	failing  int           // in a row
	round    chan struct{} // closed when a fetch ends, and then another one
}

func newJWKS(address string, client *http.Client, logger *slog.Logger) (*jwks, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || !isSafe(u) {
		return nil, errors.New("the address of the JWK Set is not right: https://HOST/PATH is, " +
			"without user and password, or http:// on this machine")
	}
	if client == nil {
		client = &http.Client{CheckRedirect: onlySafe}
	}
	return &jwks{address: address, client: client, logger: logger, poke: make(chan struct{}, 1), round: make(chan struct{})}, nil
}

// isSafe says that nobody on the way can change what is fetched.
func isSafe(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && ip.Unmap().IsLoopback())
}

func onlySafe(r *http.Request, via []*http.Request) error {
	if !isSafe(r.URL) || len(via) >= 5 {
		return errors.New("the JWK Set redirects to an address that is not https, or too often")
	}
	return nil
}

// Keys implements [KeySource].
func (j *jwks) Keys(ctx context.Context, kid string) ([]Key, error) {
	keys, ok := j.current(kid)
	if !ok {
		j.await(ctx)
		keys, _ = j.current(kid)
	}
	if len(keys) == 0 {
		j.mu.Lock()
		never := j.loaded.IsZero()
		j.mu.Unlock()
		if never {
			return nil, ErrKeysUnavailable
		}
	}
	return keys.Keys(ctx, kid)
}

// current returns the keys, and whether nothing newer is needed for the kid.
func (j *jwks) current(kid string) (KeySet, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.keys, !j.loaded.IsZero() && (kid == "" || j.keys.names(kid))
}

// await asks for a fetch and waits for it, if one is allowed now; so a flood of unknown kids costs the server and the clients little.
func (j *jwks) await(ctx context.Context) {
	j.mu.Lock()
	round, rest := j.round, time.Since(j.begun) < jwksGap && !j.loaded.IsZero()
	j.mu.Unlock()
	if rest {
		return
	}
	select {
	case j.poke <- struct{}{}:
	default:
	}
	timer := time.NewTimer(jwksWait)
	defer timer.Stop()
	select {
	case <-round:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// run fetches until ctx ends.
func (j *jwks) run(ctx context.Context) {
	for {
		pause := j.refresh(ctx)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
			continue
		case <-j.poke:
			timer.Stop()
		}
		if !sleep.For(ctx, jwksGap-j.sinceBegun()) {
			return
		}
	}
}

func (j *jwks) sinceBegun() time.Duration {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.loaded.IsZero() {
		return jwksGap - jwksRetry/2 // nobody can come in yet: the server may be asked more often
	}
	return time.Since(j.begun)
}

// refresh fetches once and returns when to do so again.
func (j *jwks) refresh(ctx context.Context) time.Duration {
	j.mu.Lock()
	j.begun = time.Now()
	j.mu.Unlock()
	keys, err := j.fetch(ctx)
	j.mu.Lock()
	defer j.mu.Unlock()
	close(j.round)
	j.round = make(chan struct{})
	if err != nil && ctx.Err() == nil {
		j.failures++
		j.failing++
		if j.failing == 1 {
			j.logger.Error("the JWK Set cannot be fetched: the keys that are known stay", "url", j.address, "keys", len(j.keys), "error", err)
		}
		return min(jwksMaxRetry, jwksRetry<<min(j.failing-1, 10))
	}
	if err != nil {
		return jwksMaxRetry
	}
	if j.failing > 0 || j.loaded.IsZero() {
		j.logger.Info("the JWK Set was fetched", "url", j.address, "keys", len(keys))
	}
	j.keys, j.loaded, j.failing = keys, time.Now(), 0
	return jwksRefresh*3/4 + rand.N(jwksRefresh/4) // not every gateway at once
}

func (j *jwks) fetch(ctx context.Context) (KeySet, error) {
	ctx, cancel := context.WithTimeout(ctx, jwksTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, j.address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := j.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answered %s", response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxJWKSBytes+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxJWKSBytes {
		return nil, fmt.Errorf("the answer has more than %d bytes", maxJWKSBytes)
	}
	return parseJWKSet(body)
}
