// Package controllers makes RealtimeClusters real: it applies the objects of package resources, and keeps the status.
//
// A reconcile builds a scope, runs a list of small phases and always patches the status. Phases aggregate their errors, and the
// lowest wait wins. Objects are sent with server-side apply under one field owner; one that belongs to somebody else is left
// alone. The operator keeps no state that matters: one that restarts in any step continues right, and the gateways serve without it.
//
// It does not decide whether a gateway takes clients, and it reads Secrets only to know whether its own exists.
package controllers
