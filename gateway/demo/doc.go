// Package demo is the page that a gateway serves with --demo: a small chat in which a person can watch channels,
// presence and typing cross gateways, and see what a client must do to follow the protocol.
//
// # What it promises
//
//   - The page is embedded and complete: it loads nothing from another origin, and building Go needs no other tool. Its one built
//     file, starling.js, is the JavaScript client of clients/js, kept here by `make js`; CI checks that it is the current one.
//   - It runs under a strict Content-Security-Policy, without inline script, inline style, eval or HTML sinks.
//   - It is an honest client of starling.v1, because that library is: it moves by connecting first and closing afterwards,
//     drops duplicates by mid, backs off with full jitter, and says so when messages may be missing.
//
// # What it does not do
//
// It authenticates nobody. It speaks to a gateway in anonymous mode, with the name that the person chose.
package demo
