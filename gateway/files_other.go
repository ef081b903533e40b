//go:build !linux && !darwin

package gateway

// mostFiles is how many files the system lets this process open; 0: unknown.
func mostFiles() uint64 { return 0 }
