package fanout

import "syscall"

// An attempt is a shard's non-blocking write. It keeps its callback, which would be allocated for each write otherwise.
type attempt struct {
	buf      []byte
	n        int
	err      error
	callback func(fd uintptr) bool
}

func (a *attempt) init() {
	a.callback = func(fd uintptr) bool {
		a.n, a.err = writeOnce(fd, a.buf)
		return true // never wait
	}
}

// write returns how many bytes the kernel took, which may be none, without an error.
func (a *attempt) write(raw syscall.RawConn, buf []byte) (int, error) {
	a.buf, a.n, a.err = buf, 0, nil
	err := raw.Write(a.callback)
	a.buf = nil
	if err != nil {
		return 0, err
	}
	return a.n, a.err
}
