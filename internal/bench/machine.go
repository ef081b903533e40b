package bench

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// machine names the processor, if that is known, and how busy it was before the run.
func machine() string {
	name := runtime.GOARCH
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range bytes.Lines(info) {
			if key, value, ok := bytes.Cut(line, []byte(":")); ok && strings.TrimSpace(string(key)) == "model name" {
				name = strings.TrimSpace(string(value))
				break
			}
		}
	}
	text := fmt.Sprintf("%d x %s, %s/%s, %s", runtime.NumCPU(), name, runtime.GOOS, runtime.GOARCH, runtime.Version())
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		if first, _, ok := strings.Cut(string(load), " "); ok {
			text += ", load average " + first + " before"
		}
	}
	return text
}
