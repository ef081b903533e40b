package client

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/websocket"
)

// maxRetryAfter bounds how long a gateway may make the client wait.
const maxRetryAfter = 5 * time.Minute

// A retrier says how long to wait before the next attempt.
type retrier struct {
	bounds   Backoff
	failures int
	// jitter returns a random duration in [0, most].
	jitter func(most time.Duration) time.Duration
}

func newRetrier(b Backoff) *retrier {
	return &retrier{bounds: b, jitter: func(most time.Duration) time.Duration { return rand.N(most + 1) }}
}

// bound is the longest that the next wait may be.
func (r *retrier) bound() time.Duration {
	b := r.bounds.First
	for range r.failures {
		if b >= r.bounds.Max/2 {
			return r.bounds.Max
		}
		b *= 2
	}
	return b
}

// next counts a failure and returns how long to wait, at least as long as was asked for.
func (r *retrier) next(asked time.Duration) time.Duration {
	wait := min(asked, maxRetryAfter) + r.jitter(r.bound())
	r.failures++
	return wait
}

// lived notes how long a connection was good. Only one that outlived the wait before it shows that the trouble is over: a gateway
// that takes connections and loses them at once has to be spared as well.
func (r *retrier) lived(d time.Duration) (good bool) {
	good = d > r.bound()
	if good {
		r.failures = 0
	}
	return good
}

// A verdict is what to do about an error of a connection.
type verdict struct {
	// fatal says why trying again is pointless; empty: it is not.
	fatal string
	// newToken says that the token was refused.
	newToken bool
	// after is how long the gateway asks to wait.
	after time.Duration
}

// judge decides what an error means. canRenew says whether there is a way to get another token.
func judge(err error, canRenew bool) verdict {
	var refused *HandshakeError
	var closed *CloseError
	switch {
	case errors.As(err, &refused):
		return judgeStatus(refused, canRenew)
	case errors.As(err, &closed):
		return judgeClose(closed, canRenew)
	}
	return verdict{}
}

func judgeStatus(e *HandshakeError, canRenew bool) verdict {
	switch {
	case e.Status == http.StatusUnauthorized:
		return judgeCredentials(canRenew, e.RetryAfter)
	case e.Status == http.StatusRequestTimeout, e.Status == http.StatusTooEarly, e.Status == http.StatusTooManyRequests, e.Status >= 500:
		return verdict{after: e.RetryAfter}
	case e.Status == http.StatusForbidden:
		return verdict{fatal: "it is forbidden"}
	case e.Status >= 300 && e.Status < 400:
		return verdict{fatal: "redirects are not followed: use the address that it leads to"}
	default:
		return verdict{fatal: "the same request would be refused again"}
	}
}

// closeExpired ends a connection whose credentials are missing, not valid or expired.
const closeExpired = 4001

func judgeClose(e *CloseError, canRenew bool) verdict {
	switch e.Code {
	case closeExpired:
		return judgeCredentials(canRenew, e.RetryAfter)
	case websocket.ClosePolicyViolation:
		return verdict{fatal: "the gateway says that this client broke a rule"}
	}
	return verdict{after: e.RetryAfter}
}

func judgeCredentials(canRenew bool, after time.Duration) verdict {
	if !canRenew {
		return verdict{fatal: "the credentials are not accepted, and there is no TokenFunc to get others"}
	}
	return verdict{newToken: true, after: after}
}

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil {
		return min(time.Duration(min(max(seconds, 0), int64(maxRetryAfter/time.Second)))*time.Second, maxRetryAfter)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter)
	}
	return 0
}
