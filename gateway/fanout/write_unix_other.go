//go:build unix && !linux

package fanout

import "syscall"

func write(fd uintptr, buf []byte) (int, error) { return syscall.Write(int(fd), buf) }
