package fanout

import (
	"os"
	"syscall"
	"unsafe"
)

// canTryWrite says that writeOnce works here.
const canTryWrite = true

// writeOnce writes what the kernel takes without waiting. Taking nothing is not an error.
//
// The system call is made without telling the scheduler, since it cannot wait: else the runtime's monitor takes the processor away from
// what it believes to be blocked, again and again, which costs a tenth of the CPU time where many sockets get few frames.
func writeOnce(fd uintptr, buf []byte) (int, error) {
	if len(buf) == 0 {
		return 0, nil
	}
	for {
		start := unsafe.Pointer(unsafe.SliceData(buf)) //nolint:gosec // as package syscall does it
		n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(start), uintptr(len(buf)))
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			return 0, nil
		default:
			return 0, os.NewSyscallError("write", errno)
		}
	}
}
