// Package view shows a local cluster to a person: a table that is redrawn in place on a terminal ([Table]), or one plain line an
// event everywhere else ([Lines]).
//
// It promises that what it writes is never wider than the terminal, that control characters in what gateways log never
// reach the terminal, and that NO_COLOR is respected.
package view
