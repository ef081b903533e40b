package load

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// A sleeper sleeps more exactly than the runtime's timers, whose sleeps of an idle process end a millisecond late.
type sleeper struct{}

func newSleeper() sleeper {
	runtime.LockOSThread()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	return sleeper{}
}

func (sleeper) sleep(ns int64) {
	request := unix.NsecToTimespec(ns)
	_ = unix.Nanosleep(&request, nil) // whatever interrupts it, the caller looks at the clock
}

func (sleeper) close() { runtime.UnlockOSThread() }
