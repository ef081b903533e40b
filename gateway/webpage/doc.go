// Package webpage serves the pages that are part of a gateway: files that are embedded in the program, under a strict
// Content-Security-Policy, with ETags, and with types that do not depend on the machine.
package webpage
