package proc

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// tick is the unit of times in /proc/PID/stat, the same on every architecture that Go runs on.
const tick = 10 * time.Millisecond

// Read returns what a process has cost so far. The error says that it is gone, or another user's.
func Read(pid int) (Usage, error) {
	var u Usage
	if err := u.readStat(pid); err != nil {
		return Usage{}, fmt.Errorf("usage of process %d: %w", pid, err)
	}
	for file, fields := range map[string]map[string]*int64{
		"status": {"VmRSS:": &u.RSS},
		"io":     {"syscr:": &u.Reads, "syscw:": &u.Writes},
	} {
		if err := readFields(pid, file, fields); err != nil {
			return Usage{}, fmt.Errorf("usage of process %d: %w", pid, err)
		}
	}
	u.RSS *= 1024
	return u, nil
}

// readStat reads the fields 14 and 15 of the stat file, which come after a name in parentheses that may hold anything.
func (u *Usage) readStat(pid int) error {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return err
	}
	const user, system = 11, 12 // counted from the field after the name
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= system {
		return fmt.Errorf("/proc/%d/stat has %d fields after the name", pid, len(fields))
	}
	for _, i := range []int{user, system} {
		n, err := strconv.ParseInt(string(fields[i]), 10, 64)
		if err != nil {
			return fmt.Errorf("/proc/%d/stat: %w", pid, err)
		}
		u.CPU += time.Duration(n) * tick
	}
	return nil
}

// readFields reads numbers behind names at the beginning of lines. A name that is missing leaves 0.
func readFields(pid int, file string, fields map[string]*int64) error {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
	if err != nil {
		return err
	}
	for line := range bytes.Lines(text) {
		words := bytes.Fields(line)
		if len(words) < 2 {
			continue
		}
		if field := fields[string(words[0])]; field != nil {
			if *field, err = strconv.ParseInt(string(words[1]), 10, 64); err != nil {
				return fmt.Errorf("/proc/%d/%s: %w", pid, file, err)
			}
		}
	}
	return nil
}
