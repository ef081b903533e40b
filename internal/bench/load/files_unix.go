//go:build unix

package load

import "syscall"

// mostFiles is more connections than one machine's loopback will carry.
const mostFiles = 1 << 20

// raiseFiles lets this process open as many connections as the system allows it to. The Go runtime has raised the soft bound to the
// hard one; root may go on.
func raiseFiles() {
	for want := uint64(mostFiles); want > 1<<14; want /= 2 {
		if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: want, Max: want}) == nil {
			return
		}
	}
}
