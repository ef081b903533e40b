// Package httpapi is the HTTP API under /v1, for backends: publishing, sending to members, looking at channels and members, and
// disconnecting members. It speaks HTTP and JSON, checks keys, bounds and requests, and leaves the rest to a [Backend], the gateway.
//
// Every request needs "Authorization: Bearer" with a key that the options know; without keys the API is off and says so. Every error is
// a problem as RFC 9457 describes it, with a code of [Codes]. Unknown fields of a request are refused, so that a misspelled one is
// noticed; answers may get more fields. An OpenAPI document describes all of it: [Document].
//
// It keeps nothing but rate limits. It is not for browsers: keys are secrets of a backend, and there are no CORS headers.
package httpapi
