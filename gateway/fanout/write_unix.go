//go:build unix

package fanout

import (
	"errors"
	"os"
	"syscall"
)

// canTryWrite says that writeOnce works here.
const canTryWrite = true

// writeOnce writes what the kernel takes without waiting. Taking nothing is not an error.
func writeOnce(fd uintptr, buf []byte) (int, error) {
	for {
		n, err := write(fd, buf)
		switch {
		case err == nil:
			return n, nil
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			return 0, nil
		default:
			return 0, os.NewSyscallError("write", err)
		}
	}
}
