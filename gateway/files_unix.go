//go:build linux || darwin

package gateway

import "golang.org/x/sys/unix"

// mostFiles is how many files, connections among them, the system lets this process open; 0: unknown.
func mostFiles() uint64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return limit.Cur
}
