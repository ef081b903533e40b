package fanout

import (
	"syscall"
	"unsafe"
)

// write is the system call, made without telling the scheduler, since it cannot wait: else the runtime's monitor takes the processor
// away from what it believes to be blocked, again and again, which costs a tenth of the CPU time where many sockets get few frames.
func write(fd uintptr, buf []byte) (int, error) {
	start := unsafe.Pointer(unsafe.SliceData(buf)) //nolint:gosec // as package syscall does it
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(start), uintptr(len(buf)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
