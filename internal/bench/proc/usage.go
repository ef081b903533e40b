package proc

import (
	"errors"
	"time"
)

// ErrUnavailable says that this system does not tell.
var ErrUnavailable = errors.New("no /proc on this system")

// A Usage is what a process has cost since it began.
type Usage struct {
	// CPU is time in user and system mode, of all threads.
	CPU time.Duration
	// RSS is the memory that is resident now, in bytes; the kernel's own for sockets is not in it.
	RSS int64
	// Reads and Writes are system calls that read and write.
	Reads, Writes int64
}

// Add sums up several processes.
func (u Usage) Add(o Usage) Usage {
	return Usage{u.CPU + o.CPU, u.RSS + o.RSS, u.Reads + o.Reads, u.Writes + o.Writes}
}

// Since returns what was used between an earlier usage and this one; RSS is the growth.
func (u Usage) Since(o Usage) Usage {
	return Usage{u.CPU - o.CPU, u.RSS - o.RSS, u.Reads - o.Reads, u.Writes - o.Writes}
}
