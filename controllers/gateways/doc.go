// Package gateways reads what each gateway of a cluster tells about itself, and judges from that whether they see each other.
//
// It promises that a gateway that does not answer costs a second and no more, that the judgment is a pure function of what was
// read, and that what it publishes changes at most every 30 s for mere counts, so that the API server is not written to for every
// client that comes or goes.
//
// It only reads. Gateways decide for themselves whether they are ready; nothing here takes one out of service.
package gateways
