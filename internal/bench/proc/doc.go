// Package proc reads what a server process has cost so far from /proc: CPU time, memory and system calls that read and write.
//
// It works on Linux, for processes of the same user. Elsewhere [Read] returns [ErrUnavailable], and whoever shows figures says that
// these are missing. System calls are those that /proc counts as reads and writes: no epoll_wait and no futex.
package proc
