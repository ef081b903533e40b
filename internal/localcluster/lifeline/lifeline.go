// Package lifeline ends a gateway whose `starling up` is gone, however it went: the parent holds the write end of a pipe for as long
// as it lives, and the gateway reads the other end as its stdin. The kernel closes the pipe even after kill -9, on every
// system; a parent-death signal exists on Linux only, fires when a thread ends, and would leave no time to remove the directory.
//
// It promises that, soon after the parent's end, its private directory is gone and the gateway has exited.
package lifeline

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// DirPrefix begins the name of every directory that [Follow] removes.
const DirPrefix = "starling-up-"

// exitDelay is what a gateway whose clients are cut off already gets to leave its peers in good order.
const exitDelay = time.Second

// Follow waits in the background until r ends, then removes dir, calls stop, and exits the process with status 1 if it is still
// there a second later. A dir without [DirPrefix] is left alone. It is meant for a whole process: there is no way to end it.
func Follow(r io.Reader, dir string, stop func()) {
	go func() {
		_, _ = io.Copy(io.Discard, r)
		if strings.HasPrefix(filepath.Base(dir), DirPrefix) {
			_ = os.RemoveAll(dir)
		}
		stop()
		time.Sleep(exitDelay)
		os.Exit(1)
	}()
}
