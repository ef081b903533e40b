package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// A Code tells problems apart. The set only grows.
type Code string

// The codes, each with one HTTP status.
const (
	CodeBadRequest       Code = "bad_request"
	CodeUnauthorized     Code = "unauthorized"
	CodeAPIDisabled      Code = "api_disabled"
	CodeNotFound         Code = "not_found"
	CodeMethodNotAllowed Code = "method_not_allowed"
	CodeTooLarge         Code = "too_large"
	CodeMediaType        Code = "unsupported_media_type"
	CodeReservedType     Code = "reserved_type"
	CodeKeyReused        Code = "idempotency_key_reused"
	CodeRateLimited      Code = "rate_limited"
	CodeInternal         Code = "internal"
	CodeUnavailable      Code = "unavailable"
)

// A Kind is what all problems of a code have in common.
type Kind struct {
	Code   Code
	Status int
	Title  string
	// Remedy says what to do, for the documentation.
	Remedy string
}

// Kinds lists the kinds of problems, in the order of the documentation.
func Kinds() []Kind {
	return []Kind{
		{
			CodeBadRequest, http.StatusBadRequest, "The request is malformed",
			"Repair the request: `detail` says what is wrong and what would be right, `pointer` where in the body, " +
				"`parameter` which part of the address or header.",
		},
		{
			CodeReservedType, http.StatusBadRequest, "The event type is the server's",
			"Choose another `type`: those of the protocol, and all that begin with `presence:` or `starling:`, are the server's.",
		},
		{
			CodeUnauthorized, http.StatusUnauthorized, "The key is missing or not known",
			"Send `Authorization: Bearer` with a key of `--api-keys-file`.",
		},
		{
			CodeAPIDisabled, http.StatusForbidden, "This gateway has no API keys",
			"Start the gateways with `--api-keys-file`, or set `spec.auth.apiKeysSecretRef` of the RealtimeCluster.",
		},
		{
			CodeNotFound, http.StatusNotFound, "There is nothing at this address",
			"Compare the path with `/v1/openapi.json`. Names in it are percent-encoded.",
		},
		{
			CodeMethodNotAllowed, http.StatusMethodNotAllowed, "This address has other methods",
			"Use one of those in the `Allow` header.",
		},
		{
			CodeTooLarge, http.StatusRequestEntityTooLarge, "The request or a payload is too large",
			"Send less at a time: `detail` names the bound.",
		},
		{
			CodeMediaType, http.StatusUnsupportedMediaType, "The body is not JSON as it is",
			"Send `Content-Type: application/json`, in UTF-8 and without `Content-Encoding`.",
		},
		{
			CodeKeyReused, http.StatusUnprocessableEntity, "The idempotency key belongs to another request",
			"Repeat a request with the body that it had, and give each new request a new `Idempotency-Key`. Nothing was published.",
		},
		{
			CodeRateLimited, http.StatusTooManyRequests, "The key makes too many requests",
			"Wait for `Retry-After`, or raise `--api-requests-per-second`.",
		},
		{
			CodeInternal, http.StatusInternalServerError, "The gateway failed",
			"Look into the gateway's log. With an `Idempotency-Key` the request can be repeated safely.",
		},
		{
			CodeUnavailable, http.StatusServiceUnavailable, "The gateway takes no requests now",
			"It starts, drains or has no room: repeat the request after `Retry-After`, on a new connection, " +
				"which a load balancer takes to another gateway.",
		},
	}
}

// documentation is where the kinds are described; with a code as its fragment it is the problem's type.
const documentation = "https://github.com/starling-realtime/starling/blob/main/docs/http-api.md"

// A Problem is an error as clients get it. It implements [error].
type Problem struct { //nolint:errname // RFC 9457 calls it a problem
	Code Code
	// Detail says what was wrong and what would be right.
	Detail string
	// Pointer is where in the body, as a JSON pointer (RFC 6901); Parameter is which part of the address or header. Optional.
	Pointer, Parameter string
	// RetryAfter is when to try again; 0: trying again does not help, or at once.
	RetryAfter time.Duration
	allow      []string // methods, with CodeMethodNotAllowed
}

// Problemf returns a problem.
func Problemf(code Code, format string, args ...any) *Problem {
	return &Problem{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Error implements [error].
func (p *Problem) Error() string { return p.Detail }

func (p *Problem) kind() Kind {
	for _, k := range Kinds() {
		if k.Code == p.Code {
			return k
		}
	}
	return Kind{Code: p.Code, Status: http.StatusInternalServerError, Title: string(p.Code)}
}

// wireProblem is a problem as RFC 9457 writes it, with members of ours.
type wireProblem struct {
	Type         string `json:"type"`
	Title        string `json:"title"`
	Status       int    `json:"status"`
	Detail       string `json:"detail"`
	Code         Code   `json:"code"`
	Pointer      string `json:"pointer,omitempty"`
	Parameter    string `json:"parameter,omitempty"`
	RetryAfterMs int64  `json:"retryAfterMs,omitempty"`
}

// Write answers a request with the problem and returns its status.
func (p *Problem) Write(w http.ResponseWriter) (status int) {
	k, h := p.kind(), w.Header()
	switch p.Code { //nolint:exhaustive // the others need no header
	case CodeUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="starling api"`)
	case CodeMethodNotAllowed:
		h["Allow"] = p.allow
	case CodeUnavailable:
		// The next request should be able to go to another gateway.
		h.Set("Connection", "close")
	}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((p.RetryAfter+time.Second-1)/time.Second)))
	}
	writeJSON(w, "application/problem+json", k.Status, wireProblem{
		Type: documentation + "#" + string(p.Code), Title: k.Title, Status: k.Status, Detail: p.Detail, Code: p.Code,
		Pointer: p.Pointer, Parameter: p.Parameter, RetryAfterMs: p.RetryAfter.Milliseconds(),
	})
	return k.Status
}

func writeJSON(w http.ResponseWriter, contentType string, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil { // the types are ours
		panic(fmt.Sprintf("encoding an answer: %v", err))
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}
