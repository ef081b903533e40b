// Package statusview shows a cluster in a terminal, for `starling status` and `kubectl starling status`: as a table, and as JSON or
// YAML for programs.
//
// What a gateway says is cleaned of control characters, since names of channels and members come from clients.
package statusview
