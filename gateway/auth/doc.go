// Package auth answers who opens a connection, and whether a browser's page may.
//
// An [Authenticator] turns the upgrade request into an [Identity]: [Anonymous] believes the query string, [JWT] verifies
// a signed token. An [OriginPolicy] compares the Origin header with the gateway's own address and a list.
//
// It promises that no error or message holds any part of a token, and that a token is taken only when its algorithm,
// signature, subject and times are all in order: anything unclear is a refusal.
//
// [Rules] say what a member may do in which channel, and [Permissions] are the answer for one of them.
//
// It keeps no state of connections: a connection that outlives
// [Identity.Expires] is closed by the gateway.
package auth
