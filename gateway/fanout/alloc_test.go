package fanout

import (
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// voidConn is a RawConn whose writes all go to /dev/null.
type voidConn struct {
	syscall.RawConn
	fd uintptr
}

func (c voidConn) Write(f func(uintptr) bool) error {
	f(c.fd)
	return nil
}

// intoVoid lets the sockets write to /dev/null.
func intoVoid(t testing.TB, sockets []*Socket) {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { null.Close() })
	for _, s := range sockets {
		s.raw = voidConn{fd: null.Fd()}
	}
}

func TestEnqueueAndFlushAllocateNothing(t *testing.T) {
	const sockets, frames = 200, 20
	p := newPool(t, Options{})
	all := make([]*Socket, sockets)
	for i := range all {
		all[i], _, _ = attached(t, p)
	}
	intoVoid(t, all)
	frame := text(strings.Repeat("x", 200))
	round := func() {
		for range frames {
			for _, s := range all {
				require.NoError(t, s.Enqueue(frame))
			}
		}
		waitWritten(p)
	}
	for range 20 {
		round()
	}
	allocs := testing.AllocsPerRun(20, round)
	require.Less(t, allocs/(sockets*frames), 0.01, "allocations a frame")
}

func TestIdleSocketIsSmall(t *testing.T) {
	require.LessOrEqual(t, unsafe.Sizeof(Socket{}), uintptr(288))
	p := newPool(t, Options{})
	before := runtime.NumGoroutine()
	s, _, client := attached(t, p)
	require.NoError(t, s.Enqueue(text(strings.Repeat("x", 100))))
	_, err := client.Read(make([]byte, 200))
	require.NoError(t, err)
	eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.queue.frames == nil && !s.owned && s.timer == nil
	}, func() string { return "not idle" })
	eventually(t, func() bool { return runtime.NumGoroutine() <= before }, func() string { return "it has a goroutine" })
}
