// Package manifest reads a RealtimeCluster from a file, as strictly as the API server does with field validation on: what it
// does not know, it refuses.
//
// It promises that every error says where in the file or at which path the fault is, and what would be right, and that a
// cluster that it returns has its defaults set and is valid.
//
// It does not run anything, and it does not read Secrets.
package manifest
